"""How long a batch still takes, from what its brackets have taken so far."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

RECENT = 10
"""Brackets that tell what one takes: a shoot may go on with others."""

LEAST_ADVANCE = 0.04
"""Share of a bracket that one stage must have come forward before its pace is believed."""


@dataclass
class _Course:
    """The way of one bracket: (share, seconds since it began) where each stage began, and where it is now."""

    began: float
    marks: list[tuple[float, float]] = field(default_factory=list)
    stage: str = ""
    share: float = 0.0
    seen: float = 0.0


class Estimate:
    """The time that is left of a run, or None while nothing tells it. `clock` gives seconds.

    Brackets done tell what one takes and when in its course each stage begins. In the first bracket only its tiles
    tell: their pace is taken for what is left of it, and it for the others.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._present: dict[str, _Course] = {}
        self._took: deque[float] = deque(maxlen=RECENT)
        self._course: list[tuple[float, float]] = []
        self._lanes = 1
        self.count = 0
        self.done = 0

    @property
    def begun(self) -> int:
        """Brackets in work."""
        return len(self._present)

    def expect(self, count: int) -> None:
        """There are `count` brackets."""
        self.count = count

    def stage(self, name: str, stage: str, share: float) -> None:
        """The bracket `name` is in `stage`, and `share` of its work is done."""
        with self._lock:
            now = self._clock()
            course = self._present.setdefault(name, _Course(now))
            course.share, course.seen = share, now - course.began
            if stage != course.stage:
                course.stage = stage
                course.marks.append((share, course.seen))
            self._lanes = max(self._lanes, len(self._present))

    def finished(self, name: str, worked: bool) -> None:
        """The bracket `name` is done with; `worked` says whether it went its whole way."""
        with self._lock:
            self.done += 1
            course = self._present.pop(name, None)
            if course is None or not worked:
                return
            took = max(self._clock() - course.began, 1e-3)
            self._took.append(took)
            self._course = [(share, min(seen / took, 1.0)) for share, seen in [*course.marks, (1.0, took)]]

    def left(self) -> float | None:
        """Seconds until all are done; None while that cannot be told."""
        with self._lock:
            now, courses = self._clock(), list(self._present.values())
            waiting = max(self.count - self.done - len(courses), 0)
            rests = [rest for course in courses if (rest := self._rest(course)) is not None]
            if self._took:
                one = sum(self._took) / len(self._took)
            elif rests and len(rests) == len(courses):
                one = sum(course.seen for course in courses) / len(courses) + sum(rests) / len(rests)
            else:
                return None
            ages = [now - course.began - course.seen for course in courses]
            present = sum(max(rest - age, 0.0) for rest, age in zip(rests, ages, strict=True))
            total = present + waiting * one
            return total / max(min(self._lanes, len(courses) + waiting), 1) if total else None

    def _rest(self, course: _Course) -> float | None:
        """Seconds that a bracket still takes, from when it was last heard of."""
        if self._took:
            return (1 - self._part(course.share)) * sum(self._took) / len(self._took)
        share, seen = course.marks[-1]
        if course.share - share < LEAST_ADVANCE:
            return None
        return (course.seen - seen) * (1 - course.share) / (course.share - share)

    def _part(self, share: float) -> float:
        """The part of a bracket's time that has passed at a share of its work, as it was in the last one."""
        for (share0, part0), (share1, part1) in pairwise(self._course):
            if share < share1:
                return part0 + (part1 - part0) * max(share - share0, 0.0) / (share1 - share0)
        return 1.0


def words(seconds: float | None) -> str:
    """A time left as people say it, no finer than it is known; empty for None."""
    if seconds is None:
        return ""
    if seconds < 55:
        return f"about {max(5 * round(seconds / 5), 5)} s left"
    if seconds < 90 * 60:
        return f"about {max(round(seconds / 60), 1)} min left"
    tens = round(seconds / 600)
    return f"about {tens // 6} h{f' {tens % 6 * 10} min' * (tens % 6 > 0 and tens < 60)} left"
