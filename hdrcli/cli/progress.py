"""Progress on stderr: a bar for each bracket in work where that is a terminal, now and then a line where it is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from hdrcli.cli import console
from hdrcli.cli.estimate import Estimate, words

LINE_EVERY = 60.0
"""Seconds between two lines, where there is no terminal; in long runs a twentieth of the time that has passed."""


class _Left(ProgressColumn):
    """The time left of the run, in the first row."""

    def __init__(self, estimate: Estimate) -> None:
        super().__init__()
        self._estimate = estimate

    def render(self, task: Task) -> Text:
        """The words for the first task, nothing for the others."""
        return Text(words(self._estimate.left()) if task.fields.get("is_first") else "")


class Bars:
    """The progress of a run, as a context manager; `off` shows none. `estimate` counts the brackets in any case."""

    def __init__(self, *, off: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        people = console.people()
        self._off = off
        self._shown = people.is_terminal and not off
        self.estimate = Estimate(clock)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[name]}", markup=False),
            BarColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            _Left(self.estimate),
            console=people,
            transient=True,
            disable=not self._shown,
        )
        self._tasks: dict[str, TaskID] = {}
        self._all: TaskID | None = None
        self._clock = clock
        self._began = self._said = clock()

    def __enter__(self) -> Bars:
        if self._shown:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:  # some versions of rich end even bars that were never shown with an empty line
            self._progress.stop()

    def expect(self, count: int) -> None:
        """There are `count` brackets; of many, those done are counted."""
        self.estimate.expect(count)
        if count > 1:
            self._all = self._progress.add_task(f"0 of {count} done", total=count, name="All brackets", is_first=True)

    def measuring(self, done: int, count: int) -> None:
        """Before any bracket is begun, `done` of `count` have been looked at."""
        if self._all is not None:
            over = f"0 of {self.estimate.count} done"
            self._progress.update(self._all, description=over if done == count else f"measuring {done} of {count}")
        if not self._shown and not self._off:
            self._say("measuring", f"{done} of {count}", done / max(count, 1))

    def stage(self, name: str, stage: str, share: float) -> None:
        """The bracket `name` is in `stage`, and `share` of its work is done."""
        self.estimate.stage(name, stage, share)
        if name not in self._tasks:
            shown = _short(console.plain(name))
            self._tasks[name] = self._progress.add_task("", total=1.0, name=shown, is_first=self._all is None)
        self._progress.update(self._tasks[name], description=_short(console.plain(stage)), completed=share)
        if not self._shown and not self._off:
            self._say(name, stage, share)

    def finished(self, name: str, *, worked: bool = True) -> None:
        """The bracket `name` is done with; `worked` says whether it went its whole way."""
        self.estimate.finished(name, worked)
        task = self._tasks.pop(name, None)
        if task is not None:
            self._progress.remove_task(task)
        if self._all is not None:
            done = f"{self.estimate.done} of {self.estimate.count} done"
            self._progress.update(self._all, advance=1, description=done)

    def _say(self, name: str, stage: str, share: float) -> None:
        """A line for a log, if the last one is long enough ago."""
        now = self._clock()
        if now - self._said < max(LINE_EVERY, (now - self._began) / 20):
            return
        self._said = now
        count = self.estimate.count
        batch = f"{self.estimate.done} of {count} done; " if count > 1 else ""
        left = words(self.estimate.left())
        console.say(f"{batch}{name}: {stage}, {100 * share:.0f} %" + (f"; {left}" if left else ""))


def _short(name: str) -> str:
    """A name that leaves room for the bar: bracket names often differ at both ends."""
    return name if len(name) <= 32 else f"{name[:16]}…{name[-15:]}"
