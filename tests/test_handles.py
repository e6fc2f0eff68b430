"""A long batch leaves nothing open and nothing behind: descriptors, threads and temporary files stay as they were."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

import pytest

from hdrcli import pipeline
from tests.conftest import MakeBracket

DESCRIPTORS = Path("/proc/self/fd")
COUNTS = [(150, 1), (60, 3)]
"""Brackets, and how many of them at once. A thousand are as good, and take a minute."""


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="this system does not list open files")
@pytest.mark.parametrize(("count", "jobs"), COUNTS)
def test_many_brackets_hold_no_more_than_the_first_ones(
    count: int, jobs: int, make_bracket: MakeBracket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    frames = sorted(make_bracket(tmp_path / "bracket", height=8, width=8).iterdir())
    for number in range(count):
        folder = tmp_path / f"shoot/{number:03}"
        folder.mkdir(parents=True)
        for frame in frames:
            os.link(frame, folder / frame.name)
    broken = tmp_path / f"shoot/{count // 2:03}/{frames[1].name}"
    broken.unlink()
    broken.write_bytes(frames[1].read_bytes()[:-400])
    held: list[tuple[int, int]] = []

    def look(result: pipeline.BracketResult) -> None:
        held.append((len(os.listdir(DESCRIPTORS)), threading.active_count()))  # noqa: PTH208

    report = pipeline.fuse(
        tmp_path / "shoot",
        model="mertens",
        formats=("jpg",),
        align="off",
        output=tmp_path / "fused",
        jobs=jobs,
        on_result=look,
    )
    assert [one.name for one in report.failed] == [broken.parent.name]
    assert len(held) == count
    early, late = held[: count // 10], held[-count // 10 :]
    for what in (0, 1):
        most = max(one[what] for one in early)
        if jobs == 1:
            assert max(one[what] for one in held) <= most
        else:  # brackets in work beside the one that is done hold now more, now less
            assert min(one[what] for one in late) <= most
            assert max(one[what] for one in held) <= most + 8 * jobs
    assert list(temporary.iterdir()) == []
    assert len(list((tmp_path / "fused").iterdir())) == count  # a result each but the broken one's, and fused.json
