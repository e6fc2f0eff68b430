"""The brackets of a run on other processes and computers, through dask.distributed.

The client plans, a worker makes a bracket from files to files, and all see one storage: neither pixels nor results pass
the network.

connection -> a client of the scheduler
agreement  -> what workers must have in common with the client, checked before any work
crew       -> the brackets sent to the workers, and what becomes of them
worker     -> what is done there
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hdrcli.cluster.agreement import agreed
from hdrcli.cluster.connection import connected
from hdrcli.cluster.crew import Crew
from hdrcli.errors import UsageError
from hdrcli.manifest import Manifest
from hdrcli.plan import Plan
from hdrcli.settings import FuseSettings

__all__ = ["Crew", "check_pixels_stay", "joined"]


def check_pixels_stay(settings: FuseSettings) -> None:
    """Raise UsageError for a cluster where someone wants to look at pixels: they stay on the workers."""
    if settings.cluster is not None:
        raise UsageError(
            "--report needs the pixels of all brackets, and with --cluster they stay with the workers.",
            "Leave --report out, or fuse without --cluster.",
        )


@contextmanager
def joined(plans: Sequence[Plan], settings: FuseSettings, manifest: Manifest) -> Iterator[Crew | None]:
    """The workers of `settings.cluster`, ready for those of `plans` that there is something to fuse of; None for none.

    Raises ClusterError or another HdrcliError that names the worker, before any work, for a scheduler that does not
    answer and workers that could not do it.
    """
    todo = [plan for plan in plans if not plan.is_settled]
    if not todo:
        yield None
        return
    with connected(settings) as client, agreed(client, todo, settings, manifest) as terms:
        yield Crew(client, terms)
