"""What a process is seen to take is what it took; one that fails is told in its own words."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hdrcli.benchmarks import frames, processes
from hdrcli.errors import HdrcliError

HOLDS_200_MB = "held = b'x' * 200_000_000"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_peak_memory_of_a_process_and_of_its_children() -> None:
    """Asked for by a small process, for one begins with the peak of the one it was started from."""
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLDS_200_MB!r}])"
    codes = ["pass", HOLDS_200_MB, nested]
    asking = (
        "import sys; from hdrcli.benchmarks.processes import run;"
        f"print(*(run([sys.executable, '-c', code], '')[1].memory for code in {codes!r}))"
    )
    small, large, below = map(int, processes.run(python(asking), "asking")[0].split())
    assert small < 60e6
    assert large == pytest.approx(200e6 + small, rel=0.05)
    assert below == pytest.approx(large, rel=0.05)


def test_time_asleep_is_no_processor_time() -> None:
    idle = processes.run(python("import time; time.sleep(0.5)"), "asleep")[1]
    assert idle.wall >= 0.5 > idle.cpu
    busy = processes.run(python("import time\nwhile time.process_time() < 0.3: pass"), "busy")[1]
    assert busy.cpu >= 0.3


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import sys; sys.exit('no room\\n')", "It ended with status 1: no room."),
        ("import os; os.kill(os.getpid(), 9)", "It was killed by signal 9."),
    ],
)
def test_a_process_that_fails_is_told(code: str, words: str) -> None:
    with pytest.raises(HdrcliError, match=words):
        processes.run(python(code), "It")


def test_errors_keep_their_words_and_hints(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(HdrcliError) as caught:
        frames.own(tmp_path / "empty")
    assert "empty" in caught.value.message
    assert caught.value.hint
