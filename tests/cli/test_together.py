"""`hdrcli tonemap --together`: pictures that agree, of files on one scale or on several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
from PIL import Image

from hdrcli import readers
from tests import scenes
from tests.cli.conftest import Run, files

WIDTH, STEP = 100, 60
Fuse = Callable[..., None]


@pytest.fixture
def fuse(run: Run, tmp_path: Path) -> Fuse:
    """Fuse two views of a panorama that overlap by 40 %, exposed otherwise, to fused/left.exr and fused/right.exr."""
    light = scenes.radiance(64, WIDTH + STEP, stops=6)
    scenes.write_shots(tmp_path / "left", light[:, :WIDTH], [1 / 100, 1 / 25, 1 / 6.25])
    scenes.write_shots(tmp_path / "right", light[:, STEP:], [1 / 400, 1 / 100, 1 / 25])

    def call(*options: str, inputs: tuple[str, ...] = ("left", "right")) -> None:
        outcome = run("fuse", *inputs, "-m", "debevec", "--reference", "2", "--format", "exr", *options)
        assert outcome.status == 0, outcome.err

    return call


def seam(folder: str) -> float:
    """The mean difference of two pictures where they show the same, in levels of 255."""
    left, right = (np.asarray(Image.open(f"{folder}/{name}.png")).astype(float) for name in ("left", "right"))
    return float(np.abs(left[:, STEP:] - right[:, : WIDTH - STEP]).mean())


def header(path: str) -> dict[str, object]:
    return dict(OpenEXR.File(path, header_only=True).parts[0].header)


def test_neighbours_agree(run: Run, fuse: Fuse) -> None:
    fuse("--scale", "shoot")
    assert run("tonemap", "fused", "-o", "each").status == 0
    outcome = run("tonemap", "fused", "--together", "-o", "agreeing")
    assert outcome.status == 0
    assert "scale" not in outcome.err
    assert seam("agreeing") < 3
    assert seam("each") > 4 * seam("agreeing")


@pytest.mark.parametrize("runs", ["one", "two"])
def test_files_of_several_scales_are_brought_to_one(run: Run, fuse: Fuse, runs: str) -> None:
    """Also of two runs, each with a scale of its own; the middle one is that of the later of two."""
    if runs == "one":
        fuse()
    else:
        fuse("--scale", "shoot", inputs=("left",))
        fuse("--scale", "shoot", inputs=("right",))
    outcome = run("tonemap", "fused", "--together", "-o", "agreeing", "--format", "png,exr")
    assert outcome.status == 0
    assert "right: brought to the scale of the others: +2.00 stops" in outcome.err
    assert seam("agreeing") < 3
    left, right = (readers.read_scene(Path(f"agreeing/{name}.exr")) for name in ("left", "right"))
    np.testing.assert_allclose(np.median(left[:, STEP:] / right[:, : WIDTH - STEP]), 1, rtol=0.01)
    said = header("agreeing/right.exr")
    assert said["hdrcli:scale"] == "shoot"
    assert said["hdrcli:scaleStops"] == pytest.approx(-2)
    assert said["hdrcli:whiteExposure"] == pytest.approx(header("fused/left.exr")["hdrcli:whiteExposure"])
    assert run("tonemap", "agreeing", "--together", "-o", "again").status == 0
    assert seam("again") < 3


def test_the_header_tells_the_exposure_of_white(fuse: Fuse) -> None:
    """Middle exposures of 1/25 s and 1/100 s at f/8, ISO 100."""
    fuse()
    for name, seconds in (("left", 1 / 25), ("right", 1 / 100)):
        assert header(f"fused/{name}.exr")["hdrcli:whiteExposure"] == pytest.approx(seconds / 64, rel=1e-5)
        assert header(f"fused/{name}.exr")["hdrcli:whiteExposureOf"] == "seconds, ISO, f-number"
    fuse("--scale", "shoot", "--overwrite")
    assert header("fused/right.exr")["hdrcli:whiteExposure"] == pytest.approx(1 / 25 / 64, rel=1e-5)


def test_what_exists_is_counted_but_not_replaced(run: Run, fuse: Fuse) -> None:
    fuse("--scale", "shoot")
    assert run("tonemap", "fused", "--together", "-o", "one").status == 0
    before = {name: Path("one", name).read_bytes() for name in files(Path("one"))}
    Path("one/right.png").unlink()
    outcome = run("tonemap", "fused", "--together", "-o", "one")
    assert outcome.status == 1
    assert "Error: one/left.png exists." in outcome.err
    assert {name: Path("one", name).read_bytes() for name in files(Path("one"))} == before
    outcome = run("tonemap", "fused", "--together", "-o", "one", "--skip-existing")
    assert outcome.status == 2
    assert "--together and --skip-existing contradict each other" in outcome.err


def test_files_of_other_programs_are_taken_to_be_on_one_scale(run: Run, fuse: Fuse) -> None:
    fuse("--scale", "shoot")
    Path("plain").mkdir()
    for name in ("left", "right"):
        light = readers.read_scene(Path(f"fused/{name}.exr"))
        cv2.imwrite(f"plain/{name}.hdr", light[..., ::-1] * np.float32(50))
    outcome = run("tonemap", "plain", "--together", "-o", "agreeing")
    assert outcome.status == 0
    assert "left: its white is unknown: log-average luminance of all files taken for middle grey" in outcome.err
    assert seam("agreeing") < 3
    assert run("tonemap", "plain", "-o", "each").status == 0
    assert seam("each") > 4 * seam("agreeing")


def test_what_cannot_be_compared_fails_and_the_others_go_on(run: Run, fuse: Fuse) -> None:
    fuse("--scale", "shoot")
    assert run("tonemap", "fused", "--together", "-o", "one").status == 0
    fuse("--times", "1/100,1/25,1/6.25", "-o", "typed", inputs=("left",))
    fuse("--stops", "-2,0,2", "-o", "relative", inputs=("left",))
    cv2.imwrite("foreign.hdr", np.full((9, 9, 3), 7, np.float32))
    Path("typed/left.exr").rename("typed/seconds.exr")
    Path("relative/left.exr").rename("relative/stops.exr")
    outcome = run("tonemap", "foreign.hdr", "typed", "relative", "fused", "--together", "-o", "two", "--json")
    assert outcome.status == 1
    errors = {bracket["name"]: bracket["error"] for bracket in outcome.json["brackets"]}
    unknown = "its exposure is not known, so that it cannot be brought to the scale of the others."
    assert errors["foreign"] == f"foreign.hdr: {unknown}"
    assert errors["stops"] == f"relative/stops.exr: {unknown}"
    assert "its exposure is one of seconds, not of seconds, ISO, f-number" in errors["seconds"]
    assert files(Path("two")) == ["left.png", "right.png"]
    for name in ("left", "right"):
        assert Path(f"one/{name}.png").read_bytes() == Path(f"two/{name}.png").read_bytes()
    outcome = run("tonemap", "relative", "--together", "-o", "three")
    assert "stops: its exposure is not known: its 1.0 is taken to be that of the other files" in outcome.err


def test_finished_pictures_stay_as_they_are(run: Run, fuse: Fuse) -> None:
    fuse("--scale", "shoot")
    assert run("tonemap", "fused", "--together", "-o", "one").status == 0
    assert run("fuse", "left", "-m", "mertens", "-o", "display", "--format", "exr").status == 0
    Path("display/left.exr").rename("display/finished.exr")
    outcome = run("tonemap", "fused", "display", "--together", "-o", "two")
    assert outcome.status == 0
    assert "finished: a finished picture (display-referred): encoded as it is" in outcome.err
    for name in ("left", "right"):
        assert Path(f"one/{name}.png").read_bytes() == Path(f"two/{name}.png").read_bytes()
