"""Reading through processes: the same pixels, and a batch that goes on past a file that brings its decoder down."""

from __future__ import annotations

import logging
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hdrcli
from hdrcli import readers
from tests.conftest import MakeBracket
from tests.sandbox import misdeeds
from tests.test_limits import one_of_each


def _assert_equal(came: Any, made: Any) -> None:
    for one in fields(made):
        a, b = getattr(came, one.name), getattr(made, one.name)
        if isinstance(b, np.ndarray):
            assert (a.dtype, a.shape) == (b.dtype, b.shape)
            np.testing.assert_array_equal(a, b)
        elif is_dataclass(b):
            _assert_equal(a, b)
        else:
            assert a == b


def test_all_formats_are_the_same_as_when_decoded_here(tmp_path: Path) -> None:
    for path in one_of_each(tmp_path):
        reader = readers.reader_for(path)
        assert reader is not None
        _assert_equal(readers.read_header(path), reader.read_header(path))
        _assert_equal(readers.read(path), reader.read(path, None))
        if reader.read_light is not None:
            np.testing.assert_array_equal(readers.read_light(path), reader.read_light(path))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_crash_costs_one_bracket(
    make_bracket: MakeBracket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    for name in "abcd":
        make_bracket(tmp_path / "in" / name)
    for folder, stem in (("b", "segfault"), ("c", "killed")):
        (tmp_path / "in" / folder / "frame2.jpg").rename(tmp_path / "in" / folder / f"{stem}.jpg")
    jpeg = readers.reader_for(Path("a.jpg"))
    assert jpeg is not None
    monkeypatch.setitem(readers._readers(), ".jpg", replace(jpeg, read=misdeeds.read))
    done = hdrcli.fuse(tmp_path / "in", model="mertens", output=tmp_path / "out", jobs=jobs, align="off")
    assert [one.status for one in done.brackets] == ["done", "failed", "failed", "done"]
    assert "segfault.jpg crashed its decoder" in str(done.brackets[1].error)
    assert "killed.jpg was being decoded when its process was killed" in str(done.brackets[2].error)
    made = sorted(path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith("."))
    assert made == ["a.exr", "a.png", "d.exr", "d.png", "fused.json"]


def test_warnings_of_readers_are_heard_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from tests.readers.samples import jpeg

    path = jpeg(tmp_path / "a.jpg", icc_profile=b"no profile" * 20)
    with caplog.at_level(logging.WARNING, "hdrcli"):
        readers.read(path)
    assert len(caplog.messages) == 1
    assert f"{path} has a colour profile" in caplog.messages[0]
