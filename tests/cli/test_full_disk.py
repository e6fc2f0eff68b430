"""Disks that are full, or fail, at any moment of a run; folders that go, or are links."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hdrcli import pipeline
from tests.cli.conftest import ROOT, Run, files
from tests.conftest import MakeBracket

COMMAND = ("fuse", "hall", "-m", "mertens")
BOTH = ["hall.exr", "hall.png"]


@pytest.fixture
def hall(make_bracket: MakeBracket, tmp_path: Path) -> Path:
    return make_bracket(tmp_path / "hall", height=12, width=16)


def content(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in files(folder)} if folder.exists() else {}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_steps_on_the_disk_that_fail_or_are_the_last(tmp_path: Path) -> None:
    """A share of the campaign, which tries them all."""
    share = [sys.executable, "-m", "tests.campaigns.crashes", "--every", "60", "--commands", "fuse"]
    done = subprocess.run([*share, "--folder", tmp_path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {name: int(count) for count, name in re.findall(r"^ *(\d+) (.+)$", done.stdout, re.MULTILINE)}
    assert counts["of which a step failed"] > 15
    assert counts["ended at a step"] > 2
    assert counts["named errors"] > 6
    assert counts["problems"] == 0


def test_a_small_disk(run: Run, hall: Path, tmp_path: Path) -> None:
    (tmp_path / "fused").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k", "none", tmp_path / "fused"]
    if (done := subprocess.run(mount, check=False, capture_output=True, text=True)).returncode:
        pytest.skip(f"no small disk can be mounted: {done.stderr.strip()}")
    try:
        outcome = run(*COMMAND)
        assert outcome.status == 1
        assert "cannot be written: the disk is full.\nHint: Free some space" in outcome.err
        assert files(tmp_path / "fused") == []
        subprocess.run(["mount", "-o", "remount,size=1m", tmp_path / "fused"], check=True)
        assert run(*COMMAND, "--skip-existing").status == 0
        assert files(tmp_path / "fused") == BOTH
    finally:
        subprocess.run(["umount", tmp_path / "fused"], check=True)


def test_a_folder_that_is_removed_meanwhile_is_made_again(
    run: Run, hall: Path, tmp_path: Path, make_bracket: MakeBracket, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bracket(tmp_path / "shed", height=12, width=16)
    whole = pipeline._fuse_pixels
    seen: list[object] = []

    def removing(*arguments: object) -> object:
        seen.append(1)
        if len(seen) == 2:
            shutil.rmtree(tmp_path / "fused")
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "_fuse_pixels", removing)
    assert run("fuse", "hall", "shed", "-m", "mertens").status == 0
    assert files(tmp_path / "fused") == ["shed.exr", "shed.png"]
    assert [one["bracket"] for one in json.loads((tmp_path / "fused" / "fused.json").read_text())["made"]] == ["shed"]


def test_an_output_folder_that_is_a_link(run: Run, hall: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "fused").symlink_to("real")
    (tmp_path / "real" / "hall.png").symlink_to(tmp_path / "precious")
    (tmp_path / "precious").write_bytes(b"mine")
    assert run(*COMMAND, "--overwrite").status == 0
    assert files(tmp_path / "real") == BOTH
    assert (tmp_path / "precious").read_bytes() == b"mine"  # the link gives way, not what it leads to
    assert not (tmp_path / "real" / "hall.png").is_symlink()


def test_a_result_that_another_run_writes_meanwhile_is_not_replaced(
    run: Run, hall: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pipeline._fuse_pixels

    def late(*arguments: object) -> object:
        if not (tmp_path / "fused").exists():
            (tmp_path / "fused").mkdir()
            (tmp_path / "fused" / "hall.exr").write_bytes(b"theirs")
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "_fuse_pixels", late)
    outcome = run(*COMMAND)
    assert outcome.status == 1
    assert "Error: fused/hall.exr has been written meanwhile, by another run." in outcome.err
    assert content(tmp_path / "fused") == {"hall.exr": b"theirs"}
