"""Pairs of files to figures: what is held against what, in which unit, and what is said of data beyond [0, 1]."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import hdrcli
from hdrcli.errors import ReadError, UsageError
from tests.evaluation.images import light, write_exr, write_png

OFF = 0.01
"""An error whose PSNR is 40 dB."""


def psnr_l(prediction: Path, truth: Path, **options: object) -> float:
    done = hdrcli.evaluate(prediction, truth, metrics="psnr_l", **options)
    (score,) = done.scores
    if score.error:
        raise score.error
    return score.values["psnr_l"]


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    return write_exr(tmp_path / "truth.exr", light())


def test_a_constant_error_of_a_hundredth_is_forty_decibels(tmp_path: Path, truth: Path) -> None:
    assert psnr_l(write_exr(tmp_path / "a.exr", light() + OFF), truth) == pytest.approx(40, abs=1e-4)
    assert psnr_l(truth, truth) == math.inf


def test_white_divides_both(tmp_path: Path) -> None:
    bright = write_exr(tmp_path / "bright.exr", 100 * light())
    off = write_exr(tmp_path / "off.exr", 100 * (light() + OFF))
    assert psnr_l(off, bright, white=100) == pytest.approx(40, abs=1e-4)
    under = write_exr(tmp_path / "under.exr", 100 * (light() - OFF))
    assert psnr_l(under, bright, white="auto") == pytest.approx(40 + 20 * math.log10(0.9), abs=1e-4)
    with pytest.raises(hdrcli.errors.HdrcliError, match=r"bright\.exr goes up to 90") as caught:
        psnr_l(off, bright)
    assert "--white auto" in caught.value.hint


def test_one_gain_makes_good_a_wrong_exposure_but_no_cast(tmp_path: Path, truth: Path) -> None:
    dim = write_exr(tmp_path / "dim.exr", 0.25 * light())
    assert psnr_l(dim, truth) < 10
    assert psnr_l(dim, truth, gain="lsq") > 120
    red = write_exr(tmp_path / "red.exr", light() * np.array([1.1, 1, 1]))
    assert psnr_l(red, truth, gain="lsq") < 40


def test_what_is_above_white_counts_as_white_and_is_said(tmp_path: Path, truth: Path) -> None:
    pixels = light()
    pixels[0, 0] = 7
    (score,) = hdrcli.evaluate(write_exr(tmp_path / "a.exr", pixels), truth, metrics="psnr_l").scores
    assert score.values["psnr_l"] == pytest.approx(-10 * math.log10((1 - 0.1) ** 2 / (40 * 60)), abs=1e-4)
    assert score.notes == ("a: 0.042 % of the prediction is above white and counts as white",)


def test_nan_negative_and_infinite_values_are_made_good_and_said(tmp_path: Path, truth: Path) -> None:
    pixels = light()
    pixels[0, 0], pixels[0, 1], pixels[0, 2, 0] = np.nan, -0.5, np.inf
    path = write_exr(tmp_path / "a.exr", pixels)
    (score,) = hdrcli.evaluate(path, truth, metrics="psnr_l").scores
    seen = light()
    seen[0, 0], seen[0, 1], seen[0, 2, 0] = 0, 0, 0.9
    expected = -10 * math.log10(np.mean((seen - light()).astype(np.float64) ** 2))
    assert score.values["psnr_l"] == pytest.approx(expected, abs=1e-4)
    assert score.notes == (
        f"{path}: 3 values NaN count as 0",
        f"{path}: 3 values below 0 count as 0",
        f"{path}: 1 infinite values count as its largest finite one",
    )


def test_sizes_must_agree(tmp_path: Path, truth: Path) -> None:
    with pytest.raises(ReadError, match=r"a\.exr is 60x39 but .*truth\.exr is 60x40"):
        psnr_l(write_exr(tmp_path / "a.exr", light(height=39)), truth)


def test_a_display_picture_in_an_exr_is_no_light(tmp_path: Path, truth: Path) -> None:
    shown = write_exr(tmp_path / "a.exr", light(200, 200), **{"hdrcli:referred": "display"})
    whole = write_exr(tmp_path / "whole.exr", light(200, 200))
    (score,) = hdrcli.evaluate(shown, whole).scores
    assert list(score.values) == ["tmqi", "tmqi_s", "tmqi_n"]
    assert score.notes == (f"{shown} is a display picture decoded to linear light, and is judged as a picture",)
    with pytest.raises(hdrcli.errors.HdrcliError, match="psnr_l takes two linear files"):
        psnr_l(shown, whole)


def test_folders_by_stem_with_missing_and_extra_files_named(tmp_path: Path) -> None:
    for name in ("b", "a10", "a2"):
        write_exr(tmp_path / "truth" / f"{name}.exr", light())
    for name in ("a2", "a10", "c"):
        write_exr(tmp_path / "made" / f"{name}.exr", light() + OFF)
    write_png(tmp_path / "made" / "a2.png", light())
    done = hdrcli.evaluate(tmp_path / "made", tmp_path / "truth", metrics="psnr_l")
    assert [score.name for score in done.scores if not score.error] == ["a10", "a2"]
    (failed,) = done.failed
    assert failed.error is not None
    assert failed.error.message == f"{tmp_path / 'made'} has no prediction of b.exr."
    assert done.notes == (f"{tmp_path / 'made' / 'c.exr'} has no truth in {tmp_path / 'truth'} and is left.",)
    (summary,) = done.summaries
    assert (summary.count, round(summary.mean, 2)) == (2, 40.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": "psnr"[:3]}, '--metrics has no "psn"'),
        ({"gain": "median"}, '--gain has no "median"'),
        ({"white": -1}, "--white -1 is no level of white"),
        ({"protocol": "apnt"}, '--protocol has no "apnt"'),
        ({"metrics": ()}, "--metrics names no metric"),
        ({"models": "dfgnet"}, "--model is for data sets"),
    ],
)
def test_options_that_cannot_be_meant(truth: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        hdrcli.evaluate(truth, truth, **options)


def test_a_file_and_a_folder_are_no_pair(truth: Path) -> None:
    with pytest.raises(UsageError, match="is a folder and the other is a file"):
        hdrcli.evaluate(truth.parent, truth)


def test_a_picture_against_its_frames_alone(tmp_path: Path) -> None:
    picture = np.sqrt(light(60, 60))
    for number, exposure in enumerate((0.5, 1.0), 1):
        write_png(tmp_path / "frames" / f"{number}.png", np.clip(picture * exposure, 0, 1))
    made = write_png(tmp_path / "made.png", picture)
    (score,) = hdrcli.evaluate(made, bracket=tmp_path / "frames").scores
    assert (list(score.values), score.truth) == (["mef_ssim"], None)
    assert score.values["mef_ssim"] > 0.99
    (failed,) = hdrcli.evaluate(made, bracket=tmp_path / "frames", metrics="psnr").failed
    assert failed.error is not None
    assert failed.error.message.endswith("and got made.png and 2 frames.")
