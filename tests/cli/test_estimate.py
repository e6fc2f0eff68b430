"""The time left: right where brackets are alike, none where nothing tells it, and few lines in a log."""

from __future__ import annotations

import pytest

from hdrcli.cli import console
from hdrcli.cli.estimate import Estimate, words
from hdrcli.cli.progress import Bars

STAGES = [("reading", 0.0, 1.0), ("aligning", 0.06, 3.0), ("fusing", 0.12, 40.0), ("writing", 0.94, 6.0)]
"""Name, share at its beginning and seconds; a bracket takes 50."""


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fuse(estimate: Estimate | Bars, clock: Clock, name: str, until: float = 50.0) -> None:
    """A bracket on its way: told at each stage, and every second of fusing."""
    began = clock.now
    for number, (stage, share, seconds) in enumerate(STAGES):
        following = STAGES[number + 1][1] if number + 1 < len(STAGES) else 1.0
        for step in range(int(seconds) if stage == "fusing" else 1):
            if clock.now - began > until:
                return
            estimate.stage(name, stage, share + (following - share) * step / seconds)
            clock.now += 1.0 if stage == "fusing" else seconds
    estimate.finished(name, worked=True)


def test_nothing_is_told_before_anything_is_known(clock: Clock) -> None:
    estimate = Estimate(clock)
    estimate.expect(3)
    assert estimate.left() is None
    estimate.stage("a", "reading", 0.0)
    clock.now += 100
    assert estimate.left() is None


def test_the_tiles_of_the_first_bracket_tell(clock: Clock) -> None:
    estimate = Estimate(clock)
    estimate.expect(4)
    fuse(estimate, clock, "a", until=24)
    true = 4 * 50 - (clock.now - 1000)
    assert estimate.left() == pytest.approx(true, rel=0.1)


@pytest.mark.parametrize("until", [0.5, 2, 10, 44, 47])
def test_after_brackets_done_it_is_right_at_any_moment(clock: Clock, until: float) -> None:
    estimate = Estimate(clock)
    estimate.expect(10)
    for name in "abc":
        fuse(estimate, clock, name)
    began = clock.now
    fuse(estimate, clock, "d", until=until)
    assert estimate.left() == pytest.approx(7 * 50 - (clock.now - began), abs=1.5)


def test_it_counts_down_between_two_calls(clock: Clock) -> None:
    estimate = Estimate(clock)
    estimate.expect(2)
    fuse(estimate, clock, "a")
    estimate.stage("b", "reading", 0.0)
    clock.now += 20
    assert estimate.left() == pytest.approx(30)
    clock.now += 40
    assert estimate.left() is None  # it takes longer than the one before: nobody knows how long


def test_two_at_once_take_half_the_time(clock: Clock) -> None:
    estimate = Estimate(clock)
    estimate.expect(10)
    for pair in ("ab", "cd"):
        for name in pair:
            estimate.stage(name, "fusing", 0.1)
        clock.now += 60
        for name in pair:
            estimate.finished(name, worked=True)
    assert estimate.left() == pytest.approx(3 * 60)


def test_brackets_that_are_skipped_or_fail_tell_nothing_of_the_others(clock: Clock) -> None:
    estimate = Estimate(clock)
    estimate.expect(100)
    for number in range(97):
        estimate.finished(str(number), worked=False)
    estimate.stage("bad", "reading", 0.0)
    estimate.finished("bad", worked=False)
    assert estimate.left() is None
    fuse(estimate, clock, "good")
    assert estimate.left() == pytest.approx(50)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, ""),
        (1, "about 5 s left"),
        (38, "about 40 s left"),
        (80, "about 1 min left"),
        (754, "about 13 min left"),
        (7900, "about 2 h 10 min left"),
        (7201, "about 2 h left"),
        (100_000, "about 27 h left"),
    ],
)
def test_words_are_no_finer_than_what_is_known(seconds: float | None, told: str) -> None:
    assert words(seconds) == told


def test_a_log_gets_few_lines(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    console._console.cache_clear()
    with Bars(clock=clock) as bars:
        bars.expect(720)
        for number in range(720):
            fuse(bars, clock, f"b{number}")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "1 of 720 done; b1: fusing, 24 %; about 10 h left"
    assert lines[-1].startswith("7")
    assert 50 < len(lines) < 150


def test_the_look_before_a_shoot_is_told(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    console._console.cache_clear()
    with Bars(clock=clock) as bars:
        bars.expect(3)
        for done in range(4):
            bars.measuring(done, 3)
            clock.now += 61
    assert capsys.readouterr().err.splitlines()[0] == "0 of 3 done; measuring: 1 of 3, 33 %"


def test_quiet_gets_none(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Bars(off=True, clock=clock) as bars:
        for number in range(20):
            fuse(bars, clock, f"b{number}")
    assert capsys.readouterr().err == ""
