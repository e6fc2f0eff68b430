"""A file that brings its decoder down costs an error that names it, and the next file is read as ever."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hdrcli import sandbox
from hdrcli.errors import ReadError
from hdrcli.sandbox import allowance, client, control
from tests.sandbox import misdeeds


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    path.write_text("whole")
    return path


@pytest.mark.parametrize(
    ("misdeed", "arguments", "words"),
    [
        (misdeeds.segfault, (), r"a\.jpg crashed its decoder \(segmentation fault\)\."),
        (misdeeds.abort, (), r"a\.jpg crashed its decoder \(aborted\)\."),
        (misdeeds.leave, (3,), r"a\.jpg crashed its decoder \(exit status 3\)\."),
        (misdeeds.leave, (0,), r"a\.jpg crashed its decoder \(exit status 0\)\."),
        (misdeeds.killed, (), r"a\.jpg was being decoded when its process was killed\."),
        (misdeeds.complain, (), r"a\.jpg is damaged\."),
    ],
)
def test_a_crash_is_an_error_that_names_the_file(file: Path, misdeed: Any, arguments: Any, words: str) -> None:
    with pytest.raises(ReadError, match=words) as caught:
        sandbox.call(misdeed, file, *arguments)
    assert caught.value.hint
    assert sandbox.call(misdeeds.well, file) == "whole"


def test_paths_start_from_the_folder_of_the_moment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file.parent / "b").mkdir()
    (file.parent / "b" / "a.jpg").write_text("another")
    for folder, content in ((file.parent, "whole"), (file.parent / "b", "another")):
        monkeypatch.chdir(folder)
        assert sandbox.call(misdeeds.well, Path("a.jpg"), small=True) == content


def test_each_file_has_a_process_of_its_own(file: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda _: sandbox.call(misdeeds.pid, file), range(8)))
    assert len({os.getpid(), *numbers}) == 9


def test_crashes_leave_others_in_work_alone(file: Path) -> None:
    def one(place: int) -> str:
        try:
            return sandbox.call(misdeeds.segfault if place % 2 else misdeeds.well, file)
        except ReadError:
            return "crashed"

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(20))) == ["whole", "crashed"] * 10


@pytest.mark.parametrize("misdeed", [misdeeds.loop, misdeeds.sleep])
def test_what_does_not_end_is_ended(file: Path, monkeypatch: pytest.MonkeyPatch, misdeed: Any) -> None:
    monkeypatch.setattr(allowance, "on_the_clock", lambda path: 0.2)
    with pytest.raises(ReadError, match=r"a\.jpg takes its decoder too long"):
        sandbox.call(misdeed, file, *([60.0] if misdeed is misdeeds.sleep else []))


def test_memory_goes_by_the_claimed_pixels(file: Path) -> None:
    size = 2 * allowance.BYTES
    with pytest.raises(MemoryError):
        sandbox.call(misdeeds.hunger, file, 1000, size)
    pixels = 2 * size // allowance.PER_PIXEL
    assert sandbox.call(misdeeds.hunger, file, pixels, size) == size


def test_warnings_and_bugs_come_back(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "hdrcli"), pytest.raises(ReadError):
        sandbox.call(misdeeds.complain, file)
    assert caplog.messages == [f"{file} is odd."]
    with pytest.raises(IndexError, match="list index out of range") as caught:
        sandbox.call(misdeeds.bug, file)
    assert "in bug" in str(caught.value.__cause__)


def test_an_exposure_comes_back_as_it_was_and_can_be_written(file: Path) -> None:
    came, made = sandbox.call(misdeeds.exposure, file), misdeeds.exposure(file)
    np.testing.assert_array_equal(came.stored, made.stored)
    np.testing.assert_array_equal(came.pixels, made.pixels)
    assert (came.name, came.exposure_time, came.bits, came.encoding) == ("a.jpg", 0.25, 16, "linear")
    assert came.stored.flags.writeable


def test_no_descriptor_and_no_process_stays(file: Path) -> None:
    sandbox.call(misdeeds.well, file)
    (zygote,) = client._zygotes
    assert zygote is not None

    def files(number: int) -> int:
        return len(list(Path(f"/proc/{number}/fd").iterdir()))

    def counts() -> tuple[int, int, int]:
        number = zygote._process.pid
        children = Path(f"/proc/{number}/task/{number}/children")
        deadline = time.monotonic() + 10
        while len(children.read_text().split()) > len(zygote.idle) and time.monotonic() < deadline:
            time.sleep(0.01)
        return files(os.getpid()), files(number), len(children.read_text())

    before = counts()
    for place in range(60):
        if place % 4:
            sandbox.call(misdeeds.well, file)
        else:
            with pytest.raises(ReadError):
                sandbox.call(misdeeds.segfault, file)
    assert counts() == before


def test_a_killed_zygote_is_replaced(file: Path) -> None:
    sandbox.call(misdeeds.well, file)
    (zygote,) = client._zygotes
    assert zygote is not None
    os.kill(zygote._process.pid, signal.SIGKILL)
    assert sandbox.call(misdeeds.well, file) == "whole"
    with ThreadPoolExecutor(1) as pool:  # and one killed while it is at work
        asked = pool.submit(sandbox.call, misdeeds.sleep, file, 0.5)
        time.sleep(0.2)
        (zygote,) = client._zygotes
        assert zygote is not None
        os.kill(zygote._process.pid, signal.SIGKILL)
        assert asked.result() == "awake"


PARENT = """
import sys, threading, time
from pathlib import Path
from hdrcli import sandbox
from hdrcli.sandbox import client
from tests.sandbox import misdeeds
threading.Thread(target=sandbox.call, args=(misdeeds.sleep, Path("."), 60.0), daemon=True).start()
print(sandbox.call(misdeeds.pid, Path(".")), client._zygotes[0]._process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_orphan_is_left_when_the_run_is_killed(number: int) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[2]
    )
    assert run.stdout is not None
    zygote = int(run.stdout.readline().split()[1])
    time.sleep(0.2)
    children = [int(child) for child in Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()]
    assert children
    run.send_signal(number)
    run.communicate()
    deadline = time.monotonic() + 10
    while any(map(_lives, (zygote, *children))) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(_lives, (zygote, *children)))


def _lives(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_zygote_has_one_thread_whatever_it_has_loaded(file: Path) -> None:
    from hdrcli import plugins

    modules = {name for plugin in plugins.names("readers") for name in plugins.load("readers", plugin).READER.modules}
    for module in sorted(modules):
        sandbox.call(misdeeds.well, file, modules=(module,))
    (zygote,) = client._zygotes
    assert zygote is not None
    assert len(list(Path(f"/proc/{zygote._process.pid}/task").iterdir())) == 1


def test_where_no_process_can_be_started_files_are_read_all_the_same(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(client, "_zygotes", [])
    monkeypatch.setattr(sys, "executable", "/bin/false")
    for _ in range(2):
        assert sandbox.call(misdeeds.pid, file) == os.getpid()
    assert len(caplog.messages) == 1
    assert "No process can be started" in caplog.text


def test_a_packet_takes_all_modules_of_a_reader() -> None:
    from hdrcli import plugins

    for name in plugins.names("readers"):
        assert len(control.packet((f"hdrcli.readers.{name}", *plugins.load("readers", name).READER.modules))) == 256
