"""Unusual frames: what the README says of each, a result that is finite and within range or an error in words."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

import hdrcli
from hdrcli import plugins, readers
from hdrcli.adjustments import Adjustments
from hdrcli.outcomes import BracketResult
from hdrcli.rendering import tonemap
from tests.campaigns import unusual

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
CASES = {label: case for cases in unusual.CASES.values() for label, case in cases.items()}
FUSED = [label for label, case in CASES.items() if not case.refused and "70000" not in label]


@pytest.fixture(autouse=True)
def warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


def fused(label: str, folder: Path, **options: object) -> BracketResult:
    made = folder / label.replace("/", " ")
    made.mkdir(parents=True)
    CASES[label].make(made)
    chosen = {"model": "debevec", "output": folder / "out", **CASES[label].options, **options}
    (result,) = hdrcli.fuse(made, **chosen).brackets
    return result


def light(result: BracketResult) -> np.ndarray:
    return readers.read_light(next(path for path in result.outputs if path.suffix == ".exr"))


def picture(result: BracketResult) -> np.ndarray:
    return imagecodecs.png_decode(next(path for path in result.outputs if path.suffix == ".png").read_bytes())


def test_the_readme_has_each_rule_once() -> None:
    table = README.partition("### Unusual frames")[2].partition("\n## ")[0]
    assert re.findall(r"^\| (.+?) \|", table, re.MULTILINE)[1:] == list(unusual.CASES)


@pytest.mark.parametrize("label", CASES)
def test_a_result_within_range_or_an_error_in_words(label: str, tmp_path: Path) -> None:
    result = fused(label, tmp_path)
    if CASES[label].refused:
        assert result.status == "failed"
        assert CASES[label].refused in result.error.message
        assert result.error.hint
        assert not (tmp_path / "out").exists()
        return
    assert result.error is None
    found = light(result)
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert picture(result).shape == found.shape


@pytest.mark.parametrize("label", ["black", "white", "one hot pixel", "denormal", "1x1", "1x97", "97x1", "1 bit"])
@pytest.mark.parametrize("model", ["mertens", "lightfuse"])
def test_models_of_pictures_take_them_too(label: str, model: str, tmp_path: Path) -> None:
    result = fused(label, tmp_path, model=model, device="cpu")
    assert result.error is None
    assert np.isfinite(light(result)).all()
    assert 0 <= light(result).min() <= light(result).max() <= 1


@pytest.mark.parametrize("label", ["black", "white", "denormal everywhere", "1x1", "1x97", "one hot pixel"])
def test_every_format_takes_them(label: str, tmp_path: Path) -> None:
    result = fused(label, tmp_path, formats=tuple(plugins.names("writers")))
    assert result.error is None
    assert all(path.stat().st_size > 100 for path in result.outputs)


def test_without_times_the_others_order_by_brightness(tmp_path: Path) -> None:
    for label in ("no time in one", "time 0", "time below 0", "darkest frame nearly white"):
        result = fused(label, tmp_path, model="mertens")
        assert result.error is None
        assert "exposures unknown: ordered by brightness" in result.notes


def test_light_out_of_range_is_black_or_white(tmp_path: Path) -> None:
    """As if the frames had held that: computed on frames that do."""
    for label, value in (("below black", 0.0), ("largest number", 1.0)):
        folder = tmp_path / f"as {label}"
        folder.mkdir()
        unusual.CASES["light below 0, light above white"]["below black"].make(folder)
        for number, pixels in enumerate(unusual.exposed(), 1):
            pixels[:, 5:9] = value
            unusual.exr(folder / f"{number}.exr", pixels)
        (expected,) = hdrcli.fuse(folder, model="debevec", output=tmp_path / "as", times=unusual.TIMES).brackets
        np.testing.assert_array_equal(light(fused(label, tmp_path)), light(expected))


def test_order_and_copies_change_nothing(tmp_path: Path) -> None:
    """The light that the ascending frames alone make."""
    folder = tmp_path / "plain"
    folder.mkdir()
    for number, (pixels, time) in enumerate(zip(unusual.exposed(), unusual.TIMES, strict=True), 1):
        unusual.shot(folder / f"{number}.jpg", pixels, time, number)
    (plain,) = hdrcli.fuse(folder, model="debevec", output=tmp_path / "out").brackets
    for label in ("brightest first", "a copy"):
        np.testing.assert_allclose(light(fused(label, tmp_path)), light(plain), rtol=1e-6)


def test_a_time_that_pixels_contradict_is_measured(tmp_path: Path) -> None:
    result = fused("time of a nanosecond", tmp_path)
    assert "exposures from EXIF, but measured for 2.jpg, whose pixels contradict them" in result.notes
    np.testing.assert_allclose(np.diff(result.stops), [2, 2], atol=0.05)


@pytest.mark.parametrize("name", plugins.names("tone_mapping"))
def test_tone_mapping_takes_any_light(name: str, tmp_path: Path) -> None:
    values = {"below": -1.0, "denormal": 1e-42, "huge": 3.4e38, "lost": np.nan}
    for label, value in values.items():
        pixels = unusual.light()
        pixels[3:9, 5:9] = value
        unusual.exr(tmp_path / f"{label}.exr", pixels)
        unusual.exr(tmp_path / f"all {label}.exr", np.full((9, 9, 3), value))
    most = 100.0 if name in ("natural", "fusion") else 0.0
    for sign in (-1, 0, 1):
        asked = Adjustments(10 * sign, *[100 * sign] * 4, most * sign)
        done = tonemap(tmp_path, tone_map=name, adjustments=asked, output=tmp_path / "out", overwrite=True)
        failed = {result.name: result.error.message for result in done.failed}
        assert set(failed) == {"lost", "all lost"}
        assert all("pixels that are NaN or infinite" in message for message in failed.values())


def test_formats_that_cannot_hold_a_line_say_so(tmp_path: Path) -> None:
    result = fused("3x70000", tmp_path, formats=("jpg",))
    assert "A JPEG cannot hold 70000 x 3 pixels" in result.error.message
