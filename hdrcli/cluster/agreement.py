"""What the workers of a run must have in common with its client, and whether they do: found out before any work."""

from __future__ import annotations

import pkgutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import hdrcli
from hdrcli import disk, plugins, reuse, unheeded
from hdrcli.cluster.told import Told
from hdrcli.errors import ClusterError, HdrcliError, WeightsError
from hdrcli.manifest import Manifest
from hdrcli.plan import Plan
from hdrcli.settings import FuseSettings

_SHARED = "Mount the storage on all machines under one path."


@dataclass(frozen=True)
class Terms:
    """What a worker must know of a run, and agree with.

    `weights` are the SHA-256 of those of each network; `probe` is a file of the client's in the output folder, which
    holds `run`; `lanes` are brackets at once by host. Paths are absolute, and those of `settings` too.
    """

    run: str
    version: str
    settings: FuseSettings
    models: tuple[str, ...]
    weights: Mapping[str, str | None]
    probe: Path
    lanes: Mapping[str, int]

    @property
    def topic(self) -> str:
        """What the events of the run are sent under."""
        return f"hdrcli-{self.run}"

    def check(self) -> None:
        """Raise what keeps this process from the work; called on a worker."""
        if self.version != hdrcli.__version__:
            raise _other_version(hdrcli.__version__)
        self.check_folder()
        for model in self.models:
            unheeded.check_model(model, self.settings)
            if reuse.weights_digest(model, self.settings.weights) != self.weights[model]:
                raise WeightsError(f"the weights of {model} are others.", "Install the same hdrcli on all machines.")

    def check_folder(self) -> None:
        """The same of the storage, which may go while others have it."""
        folder = self.settings.output
        try:
            if self.probe.read_text() != self.run:
                raise OSError
        except OSError:
            raise ClusterError(f"{folder} is not the output folder of who asked for it.", _SHARED) from None
        disk.check_writable(folder)


def host(address: str) -> str:
    """The host of a worker's address."""
    return address.partition("://")[2].rpartition(":")[0]


@contextmanager
def agreed(client: Any, plans: Sequence[Plan], settings: FuseSettings, manifest: Manifest) -> Iterator[Terms]:
    """The terms of a run, on which all workers that are there agree. Raises HdrcliError, naming one that does not."""
    _refuse(client.run(pkgutil.resolve_name, "hdrcli:__version__", on_error="return"), _version)
    models = tuple(sorted({plan.model for plan in plans}))
    for model in models:
        if model not in plugins.names("networks"):  # those are for the workers to load
            unheeded.check_model(model, settings)
    lanes: Counter[str] = Counter()
    for address, threads in client.nthreads().items():
        lanes[host(address)] += threads
    new = not settings.output.exists()
    probe = (settings.output / disk.own_name("probe", manifest.run)).absolute()
    claim = None
    try:
        with disk.naming(probe):
            disk.made(probe.parent)
            claim = disk.claim(probe)
            disk.put(claim, manifest.run.encode())
        terms = Terms(
            manifest.run,
            hdrcli.__version__,
            sent_settings(settings),
            models,
            {model: reuse.weights_digest(model, settings.weights) for model in models},
            probe,
            lanes,
        )
        from hdrcli.cluster import worker

        _refuse(client.run(worker.check, terms, _sizes(plans), on_error="return"), lambda told: told)
        yield terms
    finally:
        if claim is not None:
            claim.close()
        with suppress(OSError):
            probe.unlink(missing_ok=True)
            if new:
                settings.output.rmdir()  # unless something is in it


def _refuse(answers: Mapping[str, Any], error_of: Any) -> None:
    """Raise the first error among the workers' answers, with the worker's name."""
    for address, answer in answers.items():
        error = error_of(answer)
        if isinstance(error, Told):
            error = error.error()
        if isinstance(error, HdrcliError):
            raise type(error)(f"Worker {address}: {error.message}", error.hint) from error
        if isinstance(error, Exception):
            raise ClusterError(
                f"Worker {address}: {type(error).__name__}: {error}.", "Look at the worker's log."
            ) from error


def _version(answer: Any) -> Exception | None:
    if isinstance(answer, ImportError):
        return ClusterError("hdrcli is not installed there.", f"Install hdrcli {hdrcli.__version__} on all machines.")
    if isinstance(answer, Exception):
        return answer
    return None if answer == hdrcli.__version__ else _other_version(answer)


def _other_version(version: str) -> ClusterError:
    return ClusterError(f"hdrcli is {version} there.", "Install the same version on all machines.")


def _sizes(plans: Iterable[Plan]) -> list[tuple[Path, int]]:
    """The frames and their sizes in bytes; those that are gone fail with their brackets."""
    sizes = []
    for path in (frame.path.absolute() for plan in plans for frame in plan.frames):
        with suppress(OSError):
            sizes.append((path, path.stat().st_size))
    return sizes


def check_frames(sizes: Iterable[tuple[Path, int]]) -> None:
    """Raise ClusterError for a frame that this process does not see as the client does; called on a worker."""
    for path, size in sizes:
        try:
            same = path.stat().st_size == size
        except OSError as error:
            raise ClusterError(f"{path} cannot be read: {error.strerror or error}.", _SHARED) from error
        if not same:
            raise ClusterError(f"{path} is another file there.", _SHARED)


def sent_settings(settings: FuseSettings) -> FuseSettings:
    """The settings as they hold in any folder, without the cluster."""
    weights = settings.weights
    if weights is not None and (weights.endswith(".safetensors") or Path(weights).is_file()):
        weights = str(Path(weights).absolute())
    return replace(settings, output=settings.output.absolute(), weights=weights, cluster=None)
