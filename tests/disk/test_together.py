"""Files come whole and together, or not at all."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hdrcli
from hdrcli.disk import check_writable, existing, folders, write_all
from hdrcli.errors import WriteError

LIMIT = 100_000
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(hdrcli.__file__).parents[1])}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_no_file_takes_the_name_of_a_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        with pytest.raises(WriteError, match=f"{name} is a device, a pipe or a socket"):
            write_all({tmp_path / name: b"one"})
        with pytest.raises(WriteError, match=f"{name} is a device, a pipe or a socket"):
            existing([tmp_path / name], holding=True)
    monkeypatch.setattr(folders, "_DEVICES", str(tmp_path))
    (tmp_path / "stdout").symlink_to("file")
    (tmp_path / "file").write_bytes(b"")
    for name in ("stdout", "new"):
        with pytest.raises(WriteError, match="would lie among the system's devices"):
            write_all({tmp_path / name: b"one"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "pipe", "stdout"]


def test_writes_all_and_leaves_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "deep"
    write_all({folder / "a.png": b"one", folder / "a.exr": b"two"})
    write_all({folder / "a.png": b"three", folder / "a.exr": b"four"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.png": b"three", "a.exr": b"four"}


def test_files_get_the_usual_permissions(tmp_path: Path) -> None:
    write_all({tmp_path / "a.png": b"one"})
    (tmp_path / "b").touch()
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_the_longest_name_is_written(tmp_path: Path) -> None:
    target = tmp_path / ("x" * 251 + ".png")
    write_all({target: b"one"})
    assert target.read_bytes() == b"one"
    with pytest.raises(WriteError, match="the name is too long"):
        write_all({tmp_path / ("x" * 256): b"one"})
    assert names(tmp_path) == [target.name]


@pytest.mark.parametrize("hard_links", [True, False])
def test_formats_appear_together_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hard_links: bool
) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    (tmp_path / "a.jpg").mkdir()  # no file can be renamed to that
    if not hard_links:
        monkeypatch.setattr(Path, "hardlink_to", _refuse)
    with pytest.raises(WriteError) as error:
        write_all({tmp_path / "a.png": b"new", tmp_path / "a.exr": b"new", tmp_path / "a.jpg": b"new"})
    assert error.value.message == f"{tmp_path / 'a.jpg'} cannot be written: a folder has that name."
    assert names(tmp_path) == ["a.jpg", "a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"old"


def _refuse(*_: object) -> None:
    raise OSError(errno.EPERM, "no hard links here")


def test_too_large_a_file_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "a.exr"
    target.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, hard))
    try:
        with pytest.raises(WriteError, match=r"a\.exr cannot be written: the file is too large"):
            write_all({tmp_path / "a.png": b"new", target: b"x" * (2 * LIMIT)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == ["a.exr"]
    assert target.read_bytes() == b"old"


def test_full_disk_leaves_nothing(tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", tmp_path], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted: {mounted.stderr.decode().strip()}")
    try:
        with pytest.raises(WriteError, match=r"a\.exr cannot be written: the disk is full\.") as error:
            write_all({tmp_path / "a.png": b"new", tmp_path / "a.exr": b"x" * LIMIT})
        assert "space" in error.value.hint
        assert names(tmp_path) == []
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_an_error_while_flushing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(WriteError, match=r"a\.exr cannot be written: input/output error"):
        write_all({tmp_path / "a.exr": b"new"})
    assert names(tmp_path) == []


def test_a_run_killed_at_any_time_leaves_whole_files(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hdrcli.disk import write_all\n"
        "sizes = [1_000_000, 3_000_000]\n"
        "while True:\n"
        "    for s in sizes: write_all({Path(sys.argv[1]) / 'a.exr': b'n' * s}); print(flush=True)\n"
    )
    for delay in (0.0, 0.002, 0.005, 0.011):
        process = subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, env=ENVIRONMENT)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.kill()
        process.communicate()
        assert (tmp_path / "a.exr").stat().st_size in (1_000_000, 3_000_000)
    write_all({tmp_path / "b.png": b"new"})
    assert names(tmp_path) == ["a.exr", "b.png"]


def test_check_writable_leaves_no_trace(tmp_path: Path) -> None:
    before = tmp_path.stat().st_mtime_ns
    check_writable(tmp_path)
    check_writable(tmp_path / "new" / "deep")
    assert names(tmp_path) == []
    if sys.platform == "linux":
        assert tmp_path.stat().st_mtime_ns == before


def test_check_writable_of_a_relative_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_writable(Path("fused"))
    (tmp_path / "fused").write_bytes(b"")
    with pytest.raises(WriteError, match="is a file, not a folder"):
        check_writable(Path("fused"))


@pytest.mark.parametrize("below", ["", "deeper", "a/b"])
def test_a_file_in_place_of_a_folder(tmp_path: Path, below: str) -> None:
    (tmp_path / "out").write_bytes(b"mine")
    folder = tmp_path / "out" / below
    with pytest.raises(WriteError) as checked:
        check_writable(folder)
    assert checked.value.message == f"{tmp_path / 'out'} is a file, not a folder."
    with pytest.raises(WriteError, match="a part of the path is a file, not a folder"):
        write_all({folder / "a.png": b"new"})
    assert (tmp_path / "out").read_bytes() == b"mine"


def test_a_link_to_nothing_in_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "unmounted")
    for folder in (tmp_path / "out", tmp_path / "out" / "deeper"):
        with pytest.raises(WriteError) as checked:
            check_writable(folder)
        assert checked.value.message == f"{tmp_path / 'out'} is a link to nothing."


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc, where nobody can make files")
def test_a_folder_that_cannot_be_written() -> None:
    for folder in (Path("/proc"), Path("/proc/out")):
        with pytest.raises(WriteError, match=r"/proc.* cannot be written"):
            check_writable(folder)
        with pytest.raises(WriteError, match=r"a\.png cannot be written"):
            write_all({folder / "a.png": b"new"})
