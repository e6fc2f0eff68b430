"""Batches that are broken off, by Ctrl-C, by SIGTERM or by a kill, and run again with --skip-existing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Run, files, start
from tests.conftest import MakeBracket

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")

NAMES = ["b0", "b1", "b2", "b3"]

SLOW = """
import os, sys, time
from pathlib import Path
from hdrcli import pipeline
from hdrcli.__main__ import run

stage, seconds = sys.argv[1], float(sys.argv[2])
sys.argv[1:] = ["fuse", "shoot", "-m", "mertens", *sys.argv[3:]]

def slow(real):
    def slowed(*arguments):
        Path("there").touch()
        time.sleep(seconds)
        return real(*arguments)
    return slowed

if stage == "reading":
    pipeline.read_bracket = slow(pipeline.read_bracket)
elif stage == "fusing":
    pipeline._fuse_pixels = slow(pipeline._fuse_pixels)
else:
    os.fsync = slow(os.fsync)
run()
"""

KILLED = """
import os, sys
from pathlib import Path
from hdrcli.cli.app import main

count = 0

def counted(real):
    def call(*arguments, **options):
        global count
        count += 1
        if count == int(sys.argv[1]):
            os.kill(os.getpid(), 9)
        return real(*arguments, **options)
    return call

os.fsync, Path.replace, Path.unlink = map(counted, (os.fsync, Path.replace, Path.unlink))
sys.exit(main(["fuse", "shoot", *sys.argv[2:]]))
"""


@pytest.fixture
def shoot(make_bracket: MakeBracket, tmp_path: Path) -> Path:
    for number, name in enumerate(NAMES):
        make_bracket(tmp_path / "shoot" / name, width=40 + number)
    return tmp_path / "shoot"


def both(names: list[str]) -> list[str]:
    """The outputs of brackets, both formats."""
    return [f"{name}{suffix}" for name in names for suffix in (".exr", ".png")]


def content(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in files(folder)}


def makings(folder: Path) -> list[dict[str, object]]:
    """What fused.json says, but for the times of the files."""
    made = json.loads((folder / "fused.json").read_text())["made"]
    for one in made:
        for state in (*one["inputs"].values(), *one["outputs"].values()):
            assert state.pop("modified")
    return made


def wait_for(file: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("stage", "jobs", "number", "told"),
    [
        ("reading", 1, signal.SIGINT, "1 broken off, 3 not begun."),
        ("fusing", 2, signal.SIGTERM, "2 broken off, 2 not begun."),
        ("writing", 1, signal.SIGTERM, "1 done, 3 not begun."),
        ("writing", 2, signal.SIGINT, "2 done, 2 not begun."),
    ],
)
def test_a_signal_ends_the_run_after_the_write_and_it_can_go_on(
    run: Run, shoot: Path, tmp_path: Path, stage: str, jobs: int, number: signal.Signals, told: str
) -> None:
    process = start(SLOW, stage, 0.2, "--jobs", jobs, cwd=tmp_path)
    wait_for(tmp_path / "there", process)
    time.sleep(0.1)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    status, word = {signal.SIGINT: (130, "Interrupted."), signal.SIGTERM: (143, "Terminated.")}[number]
    assert (process.returncode, out) == (status, "")
    assert err.splitlines()[-3:] == [told, "To go on, pass --skip-existing to the same command.", word]
    done = 0 if stage != "writing" else jobs
    assert files(tmp_path / "fused") == both(NAMES[:done])
    again = run("fuse", "shoot", "-m", "mertens", "--skip-existing", "--json")
    statuses = [bracket["status"] for bracket in again.json["brackets"]]
    assert statuses == ["skipped"] * done + ["done"] * (4 - done)
    run("fuse", "shoot", "-m", "mertens", "-o", "whole")
    assert content(tmp_path / "fused") == content(tmp_path / "whole")


def test_a_second_signal_does_not_wait_for_the_write(shoot: Path, tmp_path: Path) -> None:
    process = start(SLOW, "writing", 60, cwd=tmp_path)
    wait_for(tmp_path / "there", process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.splitlines()[0] == "1 broken off, 3 not begun."
    assert files(tmp_path / "fused") == []


def test_a_second_signal_does_not_wait_for_the_other_brackets(shoot: Path, tmp_path: Path) -> None:
    process = start(SLOW, "reading", 600, "--jobs", 2, cwd=tmp_path)
    wait_for(tmp_path / "there", process)
    time.sleep(0.5)  # until the thread that has come so far is known to those who would wait for it
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.splitlines()[-1]) == (130, "Interrupted.")


FOREGROUND = "import os, signal, sys\n\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
INTERRUPTED = {
    "while modules are loaded": """
class Interrupted:
    def find_spec(self, name, *_):
        if name == "hdrcli.cli.fuse":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
""",
    "in a text that a library executes": """
from hdrcli import pipeline
def executed(*_, **__):
    exec("import time; os.kill(os.getpid(), 2); time.sleep(60)")
pipeline.fuse = executed
""",
    "in a library that makes an error of it": """
from hdrcli import pipeline
def confused(*_):
    try:
        os.kill(os.getpid(), 2)
    except KeyboardInterrupt:
        raise ValueError("what was that?")
pipeline.read_bracket = confused
""",
}


@pytest.mark.parametrize("moment", INTERRUPTED)
def test_an_interruption_is_one_at_any_moment(shoot: Path, tmp_path: Path, moment: str) -> None:
    (tmp_path / "attempt.py").write_text(f"{FOREGROUND}{INTERRUPTED[moment]}\nfrom hdrcli.__main__ import run\nrun()")
    done = subprocess.run(
        [sys.executable, "-m", "attempt", "fuse", "shoot", "-m", "mertens"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (130, "Interrupted.")
    assert "Error" not in done.stderr


def test_an_interruption_of_a_run_that_is_done_changes_nothing(shoot: Path, tmp_path: Path) -> None:
    code = "import atexit, os\natexit.register(os.kill, os.getpid(), 2)\nfrom hdrcli.__main__ import run\nrun()"
    process = start(code, "fuse", "shoot", "-m", "mertens", "-q", cwd=tmp_path)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0


def test_quiet_says_only_that_it_was_interrupted(shoot: Path, tmp_path: Path) -> None:
    process = start(SLOW, "reading", 0.3, "--quiet", cwd=tmp_path)
    wait_for(tmp_path / "there", process)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "Interrupted.\n")


@pytest.mark.parametrize(
    ("moment", "replacing"),
    [
        (5, False),  # one output has its name, the other not yet
        (9, False),  # both have, their times are not noted
        (41, False),  # fused.json is written, the journal still there
        (3, True),  # in the temporaries
        (16, True),  # an output beside an older one
        (46, True),  # before fused.json
    ],
)
def test_a_killed_batch_goes_on_to_the_same_files(
    run: Run, shoot: Path, tmp_path: Path, moment: int, replacing: bool
) -> None:
    old = tmp_path / "old"
    options = ["-m", "debevec"]
    if replacing:
        assert run("fuse", "shoot", "-m", "mertens").status == 0
        shutil.copytree(tmp_path / "fused", old)
        options.append("--overwrite")
    process = start(KILLED, moment, *options, cwd=tmp_path)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert run("fuse", "shoot", "-m", "debevec", "-o", "whole").status == 0
    allowed = [content(tmp_path / "whole"), content(old) if old.exists() else {}]
    for name in files(tmp_path / "fused"):
        if not name.startswith("."):
            assert (tmp_path / "fused" / name).read_bytes() in [known.get(name) for known in allowed]
    outcome = run("fuse", "shoot", "-m", "debevec", "--skip-existing")
    assert outcome.status == 0, outcome.err
    assert content(tmp_path / "fused") == content(tmp_path / "whole")  # hidden files, too: there are none
    assert makings(tmp_path / "fused") == makings(tmp_path / "whole")
    assert "4 skipped." in run("fuse", "shoot", "-m", "debevec", "--skip-existing").err


def test_two_runs_into_one_folder_know_of_both(run: Run, shoot: Path, tmp_path: Path) -> None:
    code = "import sys; from hdrcli.cli.app import main; sys.exit(main(['fuse', '-m', 'mertens', *sys.argv[1:]]))"
    halves = [["shoot/b0", "shoot/b1"], ["shoot/b2", "shoot/b3"]]
    for process in [start(code, *half, cwd=tmp_path) for half in halves]:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert [one["bracket"] for one in makings(tmp_path / "fused")] == NAMES
    assert sorted(path.name for path in (tmp_path / "fused").iterdir()) == [*both(NAMES), "fused.json"]
    outcome = run("fuse", "shoot", "-m", "mertens", "--skip-existing")
    assert "4 skipped." in outcome.err
    assert "Outputs that" not in outcome.err
