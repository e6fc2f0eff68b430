"""--scale shoot: pictures that agree, and what --skip-existing makes again when another bracket has changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import hdrcli
from hdrcli import manifest, together
from hdrcli.pipeline import BracketResult
from tests import scenes

OPTIONS: dict[str, Any] = {"model": "debevec", "reference": 2, "scale": "shoot"}
WIDTH, STEP = 100, 60
"""Columns of a view, and from one to the next: they overlap by 40 %."""


def write_view(place: int, name: str, stops: float) -> None:
    """A view of a panorama that grows brighter by 8 stops from left to right, with its middle exposure at `stops`."""
    light = scenes.radiance(64, WIDTH + 2 * STEP, stops=8)[:, STEP * place :][:, :WIDTH]
    scenes.write_shots(Path("shoot", name), light, [2.0 ** (stops + stop) / 100 for stop in (-3, 0, 3)])


@pytest.fixture
def shoot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three views in ./shoot, each exposed for itself."""
    monkeypatch.chdir(tmp_path)
    for place, (name, stops) in enumerate((("a", 4), ("b", 2), ("c", -1))):
        write_view(place, name, stops)
    return Path("shoot")


def fuse(**options: Any) -> dict[str, BracketResult]:
    report = hdrcli.fuse("shoot", **{**OPTIONS, **options})
    assert not report.failed, report.failed
    return {result.name: result for result in report.brackets}


def statuses(**options: Any) -> list[str]:
    return [result.status for result in fuse(skip_existing=True, **options).values()]


def seam(folder: str, left: str, right: str) -> np.ndarray:
    """The difference of two pictures where they show the same, in levels of 255."""
    one, other = (np.asarray(Image.open(f"{folder}/{name}.png")).astype(float) for name in (left, right))
    return np.abs(one[:, STEP:] - other[:, : WIDTH - STEP])


def contents(suffix: str = "") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path("fused").glob(f"*{suffix}")) if path.stem != "fused"}


@pytest.mark.parametrize("operator", ["natural", "fusion", "reinhard"])
def test_pictures_of_a_shoot_agree(shoot: Path, operator: str) -> None:
    fuse(formats=("png",), tone_map=operator)
    fuse(formats=("png",), tone_map=operator, scale="bracket", output="each")
    for left, right in ("ab", "bc"):
        assert seam("fused", left, right).mean() < 4
        assert seam("each", left, right).mean() > 4 * seam("fused", left, right).mean()


def test_they_are_those_of_tonemap_together(shoot: Path) -> None:
    """Nearly: fuse sets them by frames that it has not aligned."""
    fuse()
    hdrcli.tonemap("fused", together=True, output="again")
    for name in "abc":
        one, other = (np.asarray(Image.open(f"{folder}/{name}.png")).astype(int) for folder in ("fused", "again"))
        assert np.abs(one - other).max() <= 2


def test_nothing_hangs_on_jobs_or_on_what_is_done_already(shoot: Path) -> None:
    fuse()
    whole = contents()
    shutil.rmtree("fused")
    fuse(jobs=3)
    assert contents() == whole
    for name in ("a.png", "c.exr", "c.png"):
        Path("fused", name).unlink()
    assert statuses() == ["done", "skipped", "done"]
    assert contents() == whole


def test_what_is_there_is_kept_and_no_frame_is_read(shoot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fuse()

    def read(*_: object) -> None:
        raise AssertionError("a file was read to know what its size and time tell")

    monkeypatch.setattr(manifest.FileState, "of", read)
    monkeypatch.setattr(together, "sampled", read)
    assert statuses() == ["skipped"] * 3
    assert statuses(dry_run=True) == ["skipped"] * 3


def test_linear_light_alone_needs_no_look_beforehand(shoot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "sampled", None)
    assert {result.status for result in fuse(formats=("exr", "hdr")).values()} == {"done"}


def test_another_first_bracket_is_another_scale_for_all(shoot: Path) -> None:
    before = fuse()
    assert before["b"].scale_stops == pytest.approx(-2)
    shutil.rmtree("shoot/a")
    write_view(0, "a", 3)
    planned = fuse(skip_existing=True, dry_run=True)
    again = fuse(skip_existing=True)
    assert [result.status for result in planned.values()] == ["planned"] * 3
    assert [result.status for result in again.values()] == ["done"] * 3
    assert "fused again: 1.jpg has changed" in again["a"].notes
    for name in "bc":
        assert "fused again: the scale of the shoot is another, which its first bracket sets" in again[name].notes
    assert again["b"].scale_stops == pytest.approx(-1)
    made = contents()
    shutil.rmtree("fused")
    fuse()
    assert contents() == made


def test_another_bracket_makes_all_pictures_again_but_no_linear_file(shoot: Path) -> None:
    fuse()
    linear, pictures = contents(".exr"), contents(".png")
    shutil.rmtree("shoot/c")
    again = fuse(skip_existing=True)
    note = "fused again: other brackets of the shoot are new, gone or changed"
    assert [(result.status, note in result.notes) for result in again.values()] == [("done", True)] * 2
    assert contents(".exr") == linear
    assert contents(".png")["a.png"] != pictures["a.png"]
    assert statuses(formats=("exr",)) == ["skipped"] * 2


def test_on_its_own_scale_a_bracket_hangs_on_no_other(shoot: Path) -> None:
    fuse(scale="bracket")
    made = json.loads(Path("fused/fused.json").read_text())["made"]
    assert not any("shoot" in entry for entry in made)
    shutil.rmtree("shoot/a")
    assert statuses(scale="bracket") == ["skipped"] * 2
    assert "fused again: --scale was bracket, is shoot" in fuse(skip_existing=True, dry_run=True)["b"].notes


def test_an_edited_picture_is_not_replaced_when_the_shoot_changes(shoot: Path) -> None:
    fuse()
    Path("fused/b.png").write_text("retouched")
    shutil.rmtree("shoot/c")
    kept = hdrcli.fuse("shoot", skip_existing=True, **OPTIONS).brackets
    assert [result.status for result in kept] == ["done", "failed"]
    assert kept[1].error is not None
    assert "other brackets of the shoot are new, gone or changed" in kept[1].error.message
    assert Path("fused/b.png").read_text() == "retouched"


def test_a_frame_that_cannot_be_read_fails_its_bracket_alone(shoot: Path) -> None:
    frame = Path("shoot/b/3.jpg")
    frame.write_bytes(frame.read_bytes()[:-700])
    results = hdrcli.fuse("shoot", **OPTIONS).brackets
    assert [result.status for result in results] == ["done", "failed", "done"]
    assert results[1].error is not None
    assert "3.jpg" in results[1].error.message


def test_pictures_are_set_by_brackets_too_whose_outputs_are_in_the_way(shoot: Path) -> None:
    fuse()
    whole = contents()
    for path in [*Path("fused").glob("b.*"), *Path("fused").glob("c.*")]:
        path.unlink()
    results = hdrcli.fuse("shoot", **OPTIONS).brackets
    assert [result.status for result in results] == ["failed", "done", "done"]
    assert contents() == whole


def test_the_look_beforehand_is_told(shoot: Path) -> None:
    told: list[tuple[int, int]] = []
    fuse(on_measuring=lambda done, count: told.append((done, count)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
