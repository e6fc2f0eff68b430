"""What is done on a worker: a bracket from files to files, told to the client stage by stage.

As a preload of `--cluster local` it makes the workers leave Ctrl-C to the client, whose terminal they share.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hdrcli import batch, limits, plugins
from hdrcli.cluster.agreement import Terms, check_frames, host
from hdrcli.cluster.told import AgainError, Told, Unfit
from hdrcli.errors import HdrcliError
from hdrcli.manifest import Manifest
from hdrcli.outcomes import Carried
from hdrcli.plan import Plan

TELL_EVERY = 0.5
"""Seconds between two messages of one stage: a network has many tiles."""

KEPT = 2
"""Runs that a process keeps what it knows of."""

log = logging.getLogger("hdrcli")


class Stopped(BaseException):
    """The client has been interrupted: the bracket ends before it is written."""


class Station(logging.Handler):
    """What a process keeps for the brackets of one run: the manifest of its folder, and how the client hears of them.

    hdrcli's warnings are sent to it.
    """

    def __init__(self, terms: Terms, worker: Any) -> None:
        super().__init__(logging.WARNING)
        self.manifest = Manifest(terms.settings.output, terms.run)
        self._topic = terms.topic
        self._worker = worker
        self._working = 0

    def tell(self, number: int, *told: Any) -> None:
        """Send the client something about the bracket of this number."""
        self._worker.log_event(self._topic, [number, *told])

    def emit(self, record: logging.LogRecord) -> None:
        """Send a warning; which bracket it is of, its words say."""
        self.tell(-1, record.getMessage().encode(errors="backslashreplace").decode())

    @contextmanager
    def open(self) -> Iterator[None]:
        """Send warnings while brackets are in work."""
        with _lock:
            self._working += 1
            log.addHandler(self)
        try:
            yield
        finally:
            with _lock:
                self._working -= 1
                if not self._working:
                    log.removeHandler(self)


_lock = threading.RLock()
_stations: dict[str, Station] = {}
_stopped: set[str] = set()


async def check(terms: Terms, sizes: Sequence[tuple[Path, int]], dask_worker: Any) -> Told | None:
    """What keeps this worker from the work, if anything; the frames have these sizes in bytes."""

    def checked() -> Told | None:
        try:
            check_frames(sizes)
            _station(terms, dask_worker)
        except HdrcliError as error:
            return Told.of(error)
        return None

    return await asyncio.to_thread(checked)  # weights take a while, and the worker must show signs of life


def _station(terms: Terms, worker: Any) -> Station:
    """What this process keeps for a run, begun with the check: workers may join later."""
    with _lock:
        if terms.run not in _stations:
            terms.check()
            _share_processors(terms, worker)
            _stations[terms.run] = Station(terms, worker)
            for run in list(_stations)[:-KEPT]:
                del _stations[run]
        return _stations[terms.run]


def _share_processors(terms: Terms, worker: Any) -> None:
    """Each bracket has its share of this computer's processors, where dask's workers begin with one thread for all."""
    import cv2
    from dask.system import CPU_COUNT

    count = max(1, CPU_COUNT // terms.lanes.get(host(worker.address), worker.state.nthreads))
    cv2.setNumThreads(count)
    if any(model in plugins.names("networks") for model in terms.models):
        from hdrcli import inference

        inference.use_threads(count)


def fuse(work: Callable[..., Carried], plan: Plan, number: int, terms: Terms) -> Carried | Told | Unfit | None:
    """Do a bracket: `work(plan, settings, stage, manifest=…)`. None if the run was stopped.

    An error that would be the same anywhere is returned, and so is what makes this worker unfit: it may have joined
    later, or lost the storage. Raises AgainError for one that may not come again, as of the
    storage: dask tries such a bracket again.
    """
    import distributed

    worker = distributed.get_worker()
    try:
        station = _station(terms, worker)
    except HdrcliError as error:
        return Unfit(worker.address, Told.of(error))
    try:
        with station.open(), limits.at_most(terms.settings.max_pixels):
            return work(plan, terms.settings, _stages(station, number, terms.run), manifest=station.manifest)
    except Stopped:
        return None
    except Exception as error:  # noqa: BLE001 (a bug that one bracket lays bare must not cost the others)
        told = Told.of(batch.told(error, plan))
        if isinstance(error, HdrcliError) and not isinstance(error.__cause__, OSError):
            return told
    try:
        terms.check_folder()
    except HdrcliError as error:
        return Unfit(worker.address, Told.of(error))
    raise AgainError(told)  # here, where no other error is its context


def _stages(station: Station, number: int, run: str) -> batch.Stage:
    """The progress of a bracket, told to the client; here a stopped one ends, but for one that is written."""
    last, when = "", 0.0

    def stage(name: str, share: float) -> None:
        nonlocal last, when
        if run in _stopped and name != batch.DONE:
            raise Stopped
        now = time.monotonic()
        if name != last or now - when >= TELL_EVERY:
            last, when = name, now
            station.tell(number, name, share)

    return stage


def stop(run: str) -> None:
    """The brackets of a run end at their next stage; one that is being written is written whole."""
    _stopped.add(run)


def dask_setup(worker: Any) -> None:
    """What dask calls in a process that has this module as a preload."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
