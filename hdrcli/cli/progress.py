"""Progress bars on stderr, where that is a terminal: one for each bracket in work."""

from __future__ import annotations

from types import TracebackType

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from hdrcli.cli import console


class Bars:
    """The bars of a run, as a context manager; `off` shows none."""

    def __init__(self, *, off: bool = False) -> None:
        people = console.people()
        self._shown = people.is_terminal and not off
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[name]}", markup=False),
            BarColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=people,
            transient=True,
            disable=not self._shown,
        )
        self._tasks: dict[str, TaskID] = {}
        self._all: TaskID | None = None

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
        if count > 1:
            self._all = self._progress.add_task(f"0 of {count} done", total=count, name="All brackets")

    def stage(self, name: str, stage: str, share: float) -> None:
        """The bracket `name` is in `stage`, and `share` of its work is done."""
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(stage, total=1.0, name=_short(console.plain(name)))
        self._progress.update(self._tasks[name], description=stage, completed=share)

    def finished(self, name: str) -> None:
        """The bracket `name` is done with, well or not."""
        task = self._tasks.pop(name, None)
        if task is not None:
            self._progress.remove_task(task)
        if self._all is not None:
            self._progress.advance(self._all)
            whole = self._progress.tasks[0]
            self._progress.update(self._all, description=f"{whole.completed:.0f} of {whole.total:.0f} done")


def _short(name: str) -> str:
    """A name that leaves room for the bar: bracket names often differ at both ends."""
    return name if len(name) <= 32 else f"{name[:16]}…{name[-15:]}"
