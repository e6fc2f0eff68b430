"""`hdrcli tonemap`: pictures of linear files, the same as those of `fuse`."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
from PIL import Image

import hdrcli
from hdrcli import readers
from tests.cli.conftest import Run, files
from tests.conftest import MakeBracket


@pytest.fixture
def fused(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> Path:
    """The folder where `fuse` has put hall.exr and hall.png."""
    make_bracket(tmp_path / "hall", height=64, width=96)
    assert run("fuse", "hall", "-m", "debevec", "--bit-depth", "32", "--format", "exr").status == 0
    assert run("fuse", "hall", "-m", "debevec", "--format", "png").status == 0
    return tmp_path / "fused"


def picture(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(int)


def test_the_picture_is_that_of_fuse_bit_for_bit(run: Run, fused: Path, tmp_path: Path) -> None:
    outcome = run("tonemap", "fused/hall.exr", "-o", "again")
    assert (outcome.status, outcome.out) == (0, "")
    assert outcome.err.splitlines()[-1].split() == ["fused/hall.exr", "done", "again/hall.png"]
    np.testing.assert_array_equal(picture(tmp_path / "again" / "hall.png"), picture(fused / "hall.png"))


def test_half_floats_move_a_level_at_most(run: Run, fused: Path, tmp_path: Path) -> None:
    assert run("fuse", "hall", "-m", "debevec", "--format", "exr", "-o", "half").status == 0
    assert run("tonemap", "half", "-o", "again").status == 0
    moved = np.abs(picture(tmp_path / "again" / "hall.png") - picture(fused / "hall.png"))
    assert moved.max() <= 1
    assert (moved > 0).mean() < 0.1


def test_the_shot_is_told_on(run: Run, fused: Path, tmp_path: Path) -> None:
    asked = ("--tone-map", "fusion", "--exposure", "0.5", "--warmth", "-20", "--strength", "30")
    outcome = run("tonemap", fused / "hall.exr", "-o", "again", "--format", "tif,exr", *asked)
    assert outcome.status == 0, outcome.err
    exif = Image.open(tmp_path / "again" / "hall.tiff").getexif()
    shot = exif.get_ifd(0x8769)
    assert float(shot[0x829A]) == pytest.approx(1 / 100)
    assert (float(shot[0x829D]), shot[0x8827], shot[0x9003]) == (8.0, 100, "2024:05:01 12:00:02")
    assert exif[0x0131] == f"hdrcli {hdrcli.__version__}"
    header = OpenEXR.File(str(tmp_path / "again" / "hall.exr"), header_only=True).parts[0].header
    assert header["hdrcli:model"] == "debevec"
    assert header["hdrcli:toneMapping"] == "fusion"
    assert header["hdrcli:adjustments"] == "exposure +0.5, warmth -20, strength +30"
    assert header["hdrcli:stops"] == "-2.0000, +0.0000, +2.0000"
    before = OpenEXR.File(str(fused / "hall.exr"), header_only=True).parts[0].header
    assert header["hdrcli:exposureTimes"] == before["hdrcli:exposureTimes"]
    np.testing.assert_allclose(
        readers.read_scene(tmp_path / "again" / "hall.exr"), readers.read_scene(fused / "hall.exr"), rtol=1e-3
    )


def test_fuse_takes_the_same_controls(run: Run, fused: Path, tmp_path: Path) -> None:
    asked = ("--saturation", "-100", "--contrast", "20", "--tone-map", "reinhard")
    assert run("fuse", "hall", "-m", "debevec", "-o", "one", "--format", "png", *asked).status == 0
    assert run("tonemap", "fused/hall.exr", "-o", "two", *asked).status == 0
    one, two = (picture(tmp_path / folder / "hall.png") for folder in ("one", "two"))
    np.testing.assert_array_equal(one, two)
    assert np.ptp(one, axis=2).max() == 0


def test_a_finished_picture_comes_back(run: Run, fused: Path, tmp_path: Path) -> None:
    assert run("fuse", "hall", "-m", "mertens", "-o", "display", "--bit-depth", "32", "--format", "exr").status == 0
    assert run("fuse", "hall", "-m", "mertens", "-o", "display", "--format", "png,hdr").status == 0
    outcome = run("tonemap", "display/hall.exr", "-o", "back", "--strength", "20")
    assert outcome.status == 0
    assert "Note: --strength has no effect: it is for linear light, not for pictures by mertens." in outcome.err
    assert "hall: a finished picture (display-referred): encoded as it is" in outcome.err
    assert np.abs(picture(tmp_path / "back" / "hall.png") - picture(tmp_path / "display" / "hall.png")).max() == 0
    outcome = run("tonemap", "display/hall.hdr", "-o", "back2")
    assert "finished picture" in outcome.err


def test_a_finished_picture_has_no_light_for_ultra_hdr(run: Run, fused: Path, tmp_path: Path) -> None:
    assert run("fuse", "hall", "-m", "mertens", "-o", "display", "--format", "exr").status == 0
    refused = run("tonemap", "display/hall.exr", "-o", "back", "--format", "png,uhdr")
    assert refused.status == 1
    error, hint = refused.err.splitlines()
    assert error == "Error: --format uhdr needs light above white, which display/hall.exr does not hold."
    assert "--format jpg" in hint
    assert not (tmp_path / "back").exists()
    assert run("tonemap", "fused/hall.exr", "-o", "back", "--format", "png,uhdr").status == 0


def test_finished_pictures_are_adjusted_too(run: Run, fused: Path, tmp_path: Path) -> None:
    assert run("fuse", "hall", "-m", "mertens", "-o", "grey", "--saturation", "-100").status == 0
    assert np.ptp(picture(tmp_path / "grey" / "hall.png"), axis=2).max() == 0
    assert np.ptp(readers.read_scene(tmp_path / "grey" / "hall.exr"), axis=2).max() > 0.05


def test_a_foreign_file_of_any_scale(run: Run, fused: Path, tmp_path: Path) -> None:
    light = readers.read_scene(fused / "hall.exr")
    for name, scale in (("a", 1e-3), ("b", 1e3)):
        cv2.imwrite(str(tmp_path / f"{name}.hdr"), light[..., ::-1] * np.float32(scale))
    outcome = run("tonemap", "a.hdr", "b.hdr")
    assert outcome.status == 0
    assert "a: its white is unknown: log-average luminance taken for middle grey" in outcome.err
    assert np.abs(picture(fused / "a.png") - picture(fused / "b.png")).max() <= 2


def test_folders_failures_and_what_exists(run: Run, fused: Path, tmp_path: Path) -> None:
    (fused / "torn.exr").write_bytes((fused / "hall.exr").read_bytes()[:900])
    outcome = run("tonemap", "fused", "-o", "again", "--json")
    assert outcome.status == 1
    whole, torn = outcome.json["brackets"]
    assert (whole["status"], whole["outputs"], whole["error"]) == ("done", ["again/hall.png"], None)
    assert (whole["inputs"], whole["model"]) == (["fused/hall.exr"], "debevec")
    assert torn["status"] == "failed"
    assert "torn.exr" in torn["error"]
    assert files(tmp_path / "again") == ["hall.png"]
    assert "Error: again/hall.png exists." in run("tonemap", "fused/hall.exr", "-o", "again").err
    assert (
        run("tonemap", "fused/hall.exr", "-o", "again", "--skip-existing", "--json").json["brackets"][0]["status"]
        == "skipped"
    )
    assert run("tonemap", "fused/hall.exr", "-o", "again", "--overwrite", "-q").err == ""


def test_a_file_given_twice_counts_once(run: Run, fused: Path) -> None:
    outcome = run("tonemap", "fused", "fused/hall.exr", "fused/../fused/hall.exr", "-o", "once", "--json")
    assert [one["status"] for one in outcome.json["brackets"]] == ["done"]


@pytest.mark.parametrize(
    ("typed", "status", "error"),
    [
        (["fused/hall.png"], 1, "fused/hall.png is no linear file."),
        (["nowhere.exr"], 1, "nowhere.exr does not exist."),
        (["hall"], 1, "hall holds no linear files."),
        (["fused/hall.exr", "--format", "exr", "--overwrite"], 1, "fused/hall.exr is one of the inputs."),
        (["fused/hall.exr", "half/hall.exr"], 1, "Two files are named hall"),
        (["fused/hall.exr", "--contrast", "101"], 2, "--contrast 101 is out of range."),
        (["fused/hall.exr", "--strength", "1", "--tone-map", "drago"], 2, "--strength is for operators"),
        (["fused/hall.exr", "--tone-map", "drag"], 2, '--tone-map has no "drag".'),
        ([""], 2, "One FILE is empty."),
    ],
)
def test_what_cannot_be_done(run: Run, fused: Path, tmp_path: Path, typed: list[str], status: int, error: str) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "hall.exr").write_bytes((fused / "hall.exr").read_bytes())
    before = (fused / "hall.exr").read_bytes()
    outcome = run("tonemap", *typed, *([] if "--overwrite" in typed else ["-o", "new"]))
    assert outcome.status == status
    assert f"Error: {error}" in outcome.err
    assert (fused / "hall.exr").read_bytes() == before


def test_from_python(fused: Path, tmp_path: Path) -> None:
    asked = hdrcli.Adjustments(exposure=1)
    report = hdrcli.tonemap(fused / "hall.exr", adjustments=asked, output=tmp_path / "python")
    assert [result.status for result in report.brackets] == ["done"]
    assert picture(tmp_path / "python" / "hall.png").mean() > picture(fused / "hall.png").mean()
