"""The brackets of a run, sent to the workers of a cluster, and what becomes of them.

Workers have no more brackets than threads. So when one dies it is plain which it had; and when the client ends, by a
kill even, only those in work go on. A bracket over which several workers died is suspected, not condemned: others may
have been in the same process, or have left it no memory. In the end the suspects are done again, each alone.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from hdrcli import batch
from hdrcli.batch import Progress
from hdrcli.cluster import paths, worker
from hdrcli.cluster.agreement import Terms
from hdrcli.cluster.told import AgainError, Told, Unfit
from hdrcli.errors import ClusterError, HdrcliError
from hdrcli.outcomes import BracketResult, Carried, Work
from hdrcli.plan import Plan

RETRIES = 2
"""How often a bracket is tried again whose error may not come again."""

LOOK_EVERY = 1.0
"""Seconds between two looks at which workers there are."""

PATIENCE = 60.0
"""Seconds without any worker; one that died is up again in some."""

One = Callable[[Plan, Progress, Work], BracketResult]
"""The result of a plan, by someone's work."""

log = logging.getLogger("hdrcli")


class Crew:
    """The workers that a `distributed.Client` reaches, who agree on the terms of one run."""

    def __init__(self, client: Any, terms: Terms) -> None:
        self._client = client
        self._terms = terms
        self._inbox: SimpleQueue[tuple[int, Any]] = SimpleQueue()
        self._plans: Sequence[Plan] = ()
        self._waiting: deque[int] = deque()
        self._suspects: deque[int] = deque()
        self._alone: set[int] = set()
        self._flying: dict[int, Any] = {}
        self._begun: set[int] = set()
        self._results: dict[int, BracketResult] = {}
        self._workers: dict[str, int] = {}
        self._unfit: dict[str, Told] = {}
        self._chosen: dict[int, frozenset[str]] = {}
        self._sent = 0
        self._looked = self._seen = time.monotonic()

    def run(
        self, one: One, plans: Sequence[Plan], progress: Progress, work: Callable[..., Carried]
    ) -> list[BracketResult]:
        """`one` for each plan, in the order in which they are done; its work is the workers' `work`.

        Results are in the order of `plans`. KeyboardInterrupt ends brackets at their next stage, those that are being
        written are written whole; a second one leaves them to themselves. Raises ClusterError when the scheduler, or
        all workers, are gone.
        """
        self._plans, self._one, self._progress, self._work = plans, one, progress, work
        for number, plan in enumerate(plans):
            if plan.is_settled:
                self._conclude(number, plan.error or Carried(plan))
            else:
                self._waiting.append(number)
        self._client.subscribe_topic(self._terms.topic, lambda event: self._inbox.put((event[1][0], event[1][1:])))
        try:
            self._look()
            while self._waiting or self._suspects or self._flying:
                self._send()
                self._hear()
        except ClusterError:
            raise
        except BaseException:
            self._stop()
            raise
        return [self._results[number] for number in range(len(plans))]

    def _send(self) -> None:
        """Give the workers what they have threads for; suspects at the end, one after the other."""
        while self._waiting and len(self._flying) < sum(self._workers.values()):
            self._submit(self._waiting.popleft())
        if self._suspects and not self._flying:
            self._alone.add(self._suspects[0])
            self._submit(self._suspects.popleft())

    def _submit(self, number: int) -> None:
        plan = self._plans[number]
        try:
            sent = paths.sent(plan)
        except HdrcliError as error:
            self._conclude(number, error)
            return
        self._sent += 1
        options: dict[str, Any] = {"key": f"hdrcli-{self._terms.run}-{self._sent}", "retries": RETRIES, "pure": False}
        if self._unfit:
            self._chosen[number] = frozenset(self._workers)
            options["workers"] = list(self._workers)
        future = self._client.submit(worker.fuse, self._work, sent, number, self._terms, **options)
        self._flying[number] = future
        future.add_done_callback(lambda future: self._inbox.put((number, future)))

    def _hear(self) -> None:
        """Heed what comes next from the workers."""
        if time.monotonic() - self._looked >= LOOK_EVERY:
            self._look()
        try:
            number, told = self._inbox.get(timeout=LOOK_EVERY)
        except Empty:
            return
        if number < 0:
            log.warning("%s", *told)
        elif not isinstance(told, (list, tuple)):
            self._land(number, told)
        elif number in self._flying:
            self._begun.add(number)
            self._progress(self._plans[number].name, *told)

    def _look(self) -> None:
        """See which workers there are, and how many threads each has."""
        try:
            there = self._client.nthreads()
        except (OSError, TimeoutError) as error:
            raise self._lost() from error
        self._workers = {address: threads for address, threads in there.items() if address not in self._unfit}
        for number, chosen in list(self._chosen.items()):
            if chosen.isdisjoint(self._workers):  # dask would wait for these very processes
                del self._chosen[number]
                self._client.cancel([self._flying.pop(number)])
                self._waiting.appendleft(number)
        self._looked = time.monotonic()
        if self._workers:
            self._seen = self._looked
        elif self._looked - self._seen > PATIENCE:
            raise ClusterError(
                "All workers are gone" + (", or left out." if self._unfit else "."),
                "Start workers again, with nannies, and pass --skip-existing to the same command.",
            )

    def _land(self, number: int, future: Any) -> None:
        """A bracket is back: done, failed, or its workers died."""
        from distributed import CancelledError, KilledWorker

        if number not in self._flying or self._flying[number] is not future:
            return  # it was given up, or has been heeded
        plan = self._plans[number]
        del self._flying[number]
        self._begun.discard(number)
        self._chosen.pop(number, None)
        try:
            done = future.result()
        except KilledWorker as error:
            if number not in self._alone:
                self._suspects.append(number)
                return
            done = _poison(plan, error)
        except (CancelledError, OSError) as error:
            raise self._lost() from error
        except AgainError as error:
            done = error.told
        except Exception as error:  # noqa: BLE001 (whatever a bracket lays bare must not cost the others)
            done = batch.told(error, plan)
        if isinstance(done, Unfit):
            self._do_without(done)
            self._waiting.appendleft(number)
        elif done is not None:
            self._conclude(number, done.error() if isinstance(done, Told) else done)

    def _do_without(self, unfit: Unfit) -> None:
        """Send no more brackets to a worker that cannot do any."""
        if unfit.address not in self._unfit:
            self._unfit[unfit.address] = unfit.told
            log.warning("Worker %s is left out: %s %s", unfit.address, unfit.told.message, unfit.told.hint)
        self._look()

    def _conclude(self, number: int, done: Carried | HdrcliError) -> None:
        """The result of a bracket by what came back, or by its plan alone."""

        def work(*_: Any) -> Carried:
            if isinstance(done, HdrcliError):
                raise paths.error_as_given(done, self._plans[number])
            return paths.as_given(done, self._plans[number])

        self._results[number] = self._one(self._plans[number], self._progress, work)

    def _stop(self) -> None:
        """End the brackets that have begun, heed those that are being written, and drop the others."""
        self._waiting.clear()
        self._suspects.clear()
        unbegun = {number: self._flying.pop(number) for number in list(self._flying) if number not in self._begun}
        self._client.cancel(list(unbegun.values()))
        for number, future in self._flying.items():
            if future.done():  # the interruption may have come while it was heard of
                self._inbox.put((number, future))
        while self._flying:
            self._client.run(worker.stop, self._terms.run, on_error="ignore")  # again: one may have begun anew
            self._hear()

    def _lost(self) -> ClusterError:
        return ClusterError(
            "The scheduler is gone, or was started anew.",
            "Start it again, and pass --skip-existing to the same command.",
        )


def _poison(plan: Plan, error: Any) -> ClusterError:
    """What is said of a bracket that ends its worker every time."""
    return ClusterError(
        f"{plan.name} ended its worker each time, {error.allowed_failures + 1} times with nothing else in work.",
        "See the workers' logs: memory may not suffice (pass a smaller --tile), or a frame crashes its decoder.",
    )
