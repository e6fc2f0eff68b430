"""A client of a dask scheduler: of one that is there, or of one with processes of its own on this computer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hdrcli.errors import ClusterError, UsageError
from hdrcli.settings import LOCAL, FuseSettings

PATIENCE = 30
"""Seconds to wait for a scheduler to answer, and for its first worker."""


@contextmanager
def connected(settings: FuseSettings) -> Iterator[Any]:
    """A `distributed.Client` that has workers.

    Raises UsageError where dask.distributed is not installed, ClusterError where nothing answers.
    """
    try:
        import distributed
    except ImportError as error:
        raise UsageError(
            "--cluster needs dask.distributed, which is not installed.", "Run: pip install 'hdrcli[cluster]'."
        ) from error
    if settings.cluster == LOCAL:
        with _processes(settings.jobs) as cluster, distributed.Client(cluster, set_as_default=False) as client:
            yield client
        return
    address = str(settings.cluster)
    if address.startswith("tls:") and not distributed.Security().tls_ca_file:
        raise ClusterError(
            f"{address} asks for certificates, and dask's configuration names none.",
            "Set distributed.comm.tls there: see SECURITY.md.",
        )
    try:
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(
            f"No dask scheduler answers at {address}: {str(error).splitlines()[0]}.",
            "Type `dask scheduler` there, and pass the address that it shows.",
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            raise ClusterError(
                f"The scheduler at {address} has no workers.", f"Type `dask worker {address} --nthreads 1` on some."
            ) from error
        yield client


@contextmanager
def _processes(count: int) -> Iterator[Any]:
    """A cluster of processes on this computer, one bracket each.

    A process is ended when it alone takes nearly all of the memory. It is never paused, as dask does at a share of it:
    memory that a bracket has left behind would pause it for good.
    """
    import dask
    import distributed

    thresholds = dict.fromkeys(("target", "spill", "pause"), False)
    with (
        dask.config.set({f"distributed.worker.memory.{name}": value for name, value in thresholds.items()}),
        distributed.LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit=1.0,
            silence_logs=logging.CRITICAL,
            preload=[*dask.config.get("distributed.worker.preload"), "hdrcli.cluster.worker"],
        ) as cluster,
    ):
        yield cluster
