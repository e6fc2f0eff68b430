"""Files of one write come together or not at all: whichever call fails, and wherever the process or the power ends."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from hdrcli.disk import claims, folders, stamp, tidy, write_all
from hdrcli.errors import WriteError
from tests import faults

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")

OLD = {"a.exr": b"old", "a.png": b"older"}
NEW = {"a.exr": b"n" * 70_000, "a.png": b"newer", "a.jxl": b"newest"}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def put(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def write(folder: Path, files: dict[str, bytes] = NEW) -> None:
    write_all({folder / name: data for name, data in files.items()})


def problem(folder: Path) -> WriteError | None:
    try:
        write(folder)
    except WriteError as error:
        return error
    return None


def calls(folder: Path) -> list[tuple[str, str]]:
    with faults.fault(folder, 0, faults.full) as counted:
        write(folder)
    return counted.calls


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("older", [{}, OLD])
def test_whichever_call_fails_all_or_nothing_is_written(tmp_path: Path, older: dict[str, bytes], number: int) -> None:
    told = 0
    for at in range(1, len(calls(put(tmp_path / "whole", older))) + 1):
        folder = put(tmp_path / f"{at}", older)
        with faults.fault(folder, at, faults.failing(number)):
            error = problem(folder)
        expected = older if error else {**older, **NEW}  # calls that clear up, and some others, may fail
        if error:
            told += 1
            assert str(folder) in error.message
            assert error.hint
        assert {name: data for name, data in content(folder).items() if name[0] != "."} == expected, at
        tidy(folder)
        assert content(folder) == expected, at
    assert told > 15


@pytest.mark.parametrize("older", [{}, OLD])
def test_a_disk_that_stays_full_leaves_all_as_it_was(tmp_path: Path, older: dict[str, bytes]) -> None:
    """From the nth write on, all fail, those of putting back, too."""
    for at in range(1, 8):
        folder = put(tmp_path / f"{at}", older)
        writes = 0

        def full(name: str, path: object, at: int = at) -> None:
            nonlocal writes
            writes += name == "write"
            if name in ("write", "fsync") and writes >= at:
                faults.full()

        with faults.fault(folder, 0, faults.full) as counted:
            counted.on = full  # type: ignore[method-assign]
            if at <= 4:  # three files and their record
                with pytest.raises(WriteError, match="the disk is full"):
                    write(folder)
        assert content(folder) == older


@pytest.mark.parametrize("older", [{}, OLD])
def test_wherever_the_process_ends_the_next_finds_all_or_nothing(tmp_path: Path, older: dict[str, bytes]) -> None:
    """It ends where SIGKILL would end it: at each call, with nothing cleared up."""
    ends = []
    for at in range(1, len(calls(put(tmp_path / "whole", older))) + 1):
        folder = put(tmp_path / f"{at}", older)
        if not (child := os.fork()):
            with faults.fault(folder, at, lambda: os._exit(9)):
                write(folder)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        tidy(folder)
        ends.append(content(folder))
        assert ends[-1] in (older, {**older, **NEW}), at
    assert sum(one != two for one, two in pairwise(ends)) == 1  # once it is to be finished, it is, at each later call


def test_what_is_flushed_in_which_order(tmp_path: Path) -> None:
    """Contents, record, folder, names, folder: what a power cut leaves hangs on it. A new folder is flushed above."""
    with faults.fault(tmp_path, 0, faults.full) as counted:
        write(tmp_path / "new" / "deep")
    done = [(name, path.rpartition(".")[2]) for name, path in counted.calls if name in ("mkdir", "fsync", "replace")]
    assert done[:5] == [
        *[("mkdir", "new/deep"), ("mkdir", "new"), ("mkdir", "new/deep")],  # the first one finds no folder above
        *[("fsync", "new"), ("fsync", "")],
    ]
    assert [one for one in done[5:] if one[0] != "mkdir"] == [  # the lock makes sure of its folder, too
        *[("fsync", "tmp")] * 3,
        *[("fsync", "moves"), ("fsync", "new/deep")],
        *[("replace", "tmp")] * 3,
        ("fsync", "new/deep"),
    ]


def interrupted(folder: Path, at: str = "replace", nth: int = 2) -> None:
    """A write that ends before the nth of such calls."""
    if not (child := os.fork()):
        left = nth

        def end(name: str, path: object) -> None:
            nonlocal left
            left -= name == at
            if not left:
                os._exit(9)

        with faults.fault(folder, 0, faults.full) as counted:
            counted.on = end  # type: ignore[method-assign]
            write(folder)
    os.waitpid(child, 0)


@pytest.mark.parametrize("touched", ["a.exr", "a.png"])
def test_what_someone_has_put_there_since_stays(tmp_path: Path, touched: str) -> None:
    put(tmp_path, OLD)
    interrupted(tmp_path)
    assert content(tmp_path)["a.exr"] == NEW["a.exr"]
    assert content(tmp_path)["a.png"] == OLD["a.png"]
    (tmp_path / touched).write_bytes(b"mine")
    expected = {**OLD, "a.exr": NEW["a.exr"], touched: b"mine"}
    tidy(tmp_path)
    assert content(tmp_path) == expected


@pytest.mark.parametrize(
    "target", ["../victim", "/etc/victim", ".", "..", "", "a\0b", "sub/victim", 7, None, ["victim"], "x" * 300]
)
def test_a_record_of_a_stranger_moves_nothing_out_of_the_folder(tmp_path: Path, target: object) -> None:
    folder = put(tmp_path / "out", {"mine": b"mine"})
    claim = folder / claims.own_name("moves")
    source = claims.temporary(claim, 0)
    source.write_bytes(b"theirs")
    for name in (source.name, "mine", "../x"):
        move = {"source": name, "target": target, "before": None, "after": stamp(source)}
        claim.write_text(json.dumps([move]) + "\n")
        tidy(folder)
        assert content(folder).get("mine") == b"mine"
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
    for text in ("[", "{}\n", "[[]]\n", '[{"source": 1}]\n', "[" * 100_000 + "\n", "nul\n", "\0" * 4096):
        claim.write_text(text)
        tidy(folder)
        assert content(folder) == {"mine": b"mine"}


LIVING = """
import sys, time
from pathlib import Path
from hdrcli.disk import claims
claim = Path(sys.argv[1], claims.own_name("moves"))
file = claims.claim(claim)
claims.temporary(claim, 0).write_bytes(b"half")
print(claim, flush=True)
sys.stdin.read()
"""


def test_temporaries_go_with_their_process_and_not_before(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", LIVING, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    claim = Path(process.stdout.readline().strip())
    tidy(tmp_path)
    assert sorted(content(tmp_path)) == [f"{claim.stem}-0.tmp", claim.name]
    process.kill()
    process.communicate()
    tidy(tmp_path)
    assert content(tmp_path) == {}


def test_what_a_process_number_says_does_not_count(tmp_path: Path) -> None:
    """A namespace of process numbers of its own, as in a container: to both, theirs may be 1."""
    unshare = ["unshare", "--pid", "--fork", "--mount-proc"]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no namespaces can be made here")
    process = subprocess.Popen(
        [*unshare, sys.executable, "-c", LIVING, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()
    code = "import sys; from pathlib import Path; from hdrcli.disk import tidy; tidy(Path(sys.argv[1]))"
    subprocess.run([*unshare, sys.executable, "-c", code, tmp_path], check=True)
    assert len(content(tmp_path)) == 2
    process.stdin.close()
    process.wait()
    subprocess.run([*unshare, sys.executable, "-c", code, tmp_path], check=True)
    assert content(tmp_path) == {}


def test_other_computers_files_go_when_they_have_been_quiet_for_a_day(tmp_path: Path) -> None:
    other = f"{int(claims.HOST, 16) ^ 1:08x}"
    new, old = (f".hdrcli-{other}-{number:016x}" for number in (1, 2))
    foreign = {f".hdrcli-{claims.HOST}-1-01234567.tmp", f"x{new}-0.tmp", f"{new}-0.tmp.png"}
    put(
        tmp_path, dict.fromkeys([*(f"{one}{end}" for one in (new, old) for end in (".moves", "-0.tmp")), *foreign], b"")
    )
    for name in (f"{old}.moves", f"{old}-0.tmp"):
        os.utime(tmp_path / name, (time.time() - claims.QUIET - 60,) * 2)
    tidy(tmp_path)
    assert set(content(tmp_path)) == {f"{new}.moves", f"{new}-0.tmp", *foreign}


def test_without_locks_what_is_quiet_for_a_day_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "no locks here")

    monkeypatch.setattr(claims.fcntl, "flock", refuse)
    write(tmp_path)
    assert content(tmp_path) == NEW
    interrupted(tmp_path)
    tidy(tmp_path)
    assert len(content(tmp_path)) > len(NEW)
    for path in tmp_path.glob(".hdrcli-*.moves"):
        os.utime(path, (0, 0))
    tidy(tmp_path)
    assert content(tmp_path) == NEW


def test_a_pipe_or_a_link_of_such_a_name_is_left(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / claims.own_name("moves"))
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / claims.own_name("moves")).symlink_to("mine")
    write(tmp_path)
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert len(list(tmp_path.iterdir())) == 3 + len(NEW)


def test_a_claim_that_is_taken_for_abandoned_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = claims.fcntl.flock

    def late(file: object, how: int) -> None:
        monkeypatch.setattr(claims.fcntl, "flock", whole)
        tidy(tmp_path)
        whole(file, how)  # type: ignore[arg-type]

    monkeypatch.setattr(claims.fcntl, "flock", late)
    with claims.claimed(tmp_path, "moves") as (path, file):
        tidy(tmp_path)
        assert claims.is_at(file, path)


def test_only_what_was_seen_is_replaced(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    seen = {tmp_path / name: stamp(tmp_path / name) for name in NEW}
    files = {tmp_path / name: data for name, data in NEW.items()}
    (tmp_path / "a.jxl").write_bytes(b"theirs")
    with pytest.raises(WriteError, match=r"a\.jxl has been written meanwhile, by another run"):
        write_all(files, seen)
    assert content(tmp_path) == {**OLD, "a.jxl": b"theirs"}
    (tmp_path / "a.jxl").write_bytes(NEW["a.jxl"])  # the same again is no harm
    write_all(files, seen)
    assert content(tmp_path) == NEW


BUSY = """
import sys
from pathlib import Path
from hdrcli.disk import write_all
folder, letter = Path(sys.argv[1]), sys.argv[2].encode()
for number in range(60):
    write_all({folder / f"a.{one}": letter * (number % 7 + 1) for one in ("png", "exr", "jxl")})
    same = {(folder / f"a.{one}").read_bytes()[:1] for one in ("png", "exr", "jxl")}
"""


def test_processes_that_write_the_same_names_never_mix(tmp_path: Path) -> None:
    runs = [subprocess.Popen([sys.executable, "-c", BUSY, tmp_path, letter]) for letter in "xyz"]
    assert [run.wait(timeout=120) for run in runs] == [0, 0, 0]
    assert sorted(content(tmp_path)) == ["a.exr", "a.jxl", "a.png"]
    assert len(set(content(tmp_path).values())) == 1


def test_a_run_that_holds_the_folder_for_ever_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "PATIENCE", 0.05)
    with folders.held(tmp_path), pytest.raises(WriteError, match="is held by another run"):
        write(tmp_path)
    assert content(tmp_path) == {}


def test_files_of_several_folders_are_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="several folders"):
        write_all({tmp_path / "a": b"", tmp_path / "b" / "a": b""})
