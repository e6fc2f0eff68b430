"""--scale: two brackets of one scene, exposed otherwise, on one radiance scale or on their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenEXR
import pytest

import hdrcli
from hdrcli.errors import ExposureError, UsageError
from tests import scenes
from tests.cli.conftest import Run, run  # noqa: F401 (a fixture)

FIRST, SECOND = (1 / 400, 1 / 100, 1 / 25), (1 / 100, 1 / 25, 1 / 6.25)
"""Seconds of two brackets: the second is exposed two stops longer."""


def read(path: Path) -> tuple[np.ndarray, dict[str, object]]:
    with OpenEXR.File(str(path)) as file:
        return np.array(file.channels()["RGB"].pixels, np.float32), dict(file.header())


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    scene = scenes.radiance(64, 96, stops=5)
    scenes.write_shots(tmp_path / "shoot" / "a", scene, FIRST)
    scenes.write_shots(tmp_path / "shoot" / "b", scene, SECOND)
    scenes.write_shots(tmp_path / "shoot" / "c", scene, FIRST, iso=400, stops=2)
    return tmp_path / "shoot"


def ratio(out: Path, name: str) -> float:
    """The light of a bracket over that of the first, where neither is noisy or clipped."""
    first, other = read(out / "a.exr")[0], read(out / f"{name}.exr")[0]
    middle = (first > 0.1) & (first < 0.8)
    return float(np.median(other[middle] / first[middle]))


OPTIONS = {"model": "debevec", "formats": ("exr",), "reference": 2}


def test_shoot_gives_one_scene_one_radiance(shoot: Path, tmp_path: Path) -> None:
    report = hdrcli.fuse(shoot, output=tmp_path / "out", scale="shoot", **OPTIONS)
    assert [result.scale_stops for result in report.brackets] == pytest.approx([0, 2, 2])
    for name in ("b", "c"):
        assert ratio(tmp_path / "out", name) == pytest.approx(1, rel=0.01)
    light, header = read(tmp_path / "out" / "b.exr")
    assert header["hdrcli:scale"] == "shoot"
    assert header["hdrcli:scaleStops"] == pytest.approx(2)
    scene = scenes.radiance(64, 96, stops=5)
    assert np.median(light / scene) == pytest.approx(1, rel=0.01)


def test_without_it_each_bracket_has_its_own(shoot: Path, tmp_path: Path) -> None:
    report = hdrcli.fuse(shoot, output=tmp_path / "out", **OPTIONS)
    assert [result.scale_stops for result in report.brackets] == pytest.approx([0, 2, 2])
    for name in ("b", "c"):
        assert ratio(tmp_path / "out", name) == pytest.approx(4, rel=0.01)
    header = read(tmp_path / "out" / "b.exr")[1]
    assert header["hdrcli:scale"] == "bracket"
    assert header["hdrcli:scaleStops"] == pytest.approx(2)


def test_the_scale_does_not_hang_on_the_reference_frames(shoot: Path, tmp_path: Path) -> None:
    """Nor on which brackets are done: those that exist are passed over."""
    hdrcli.fuse(shoot, output=tmp_path / "out", scale="shoot", **OPTIONS)
    whole = read(tmp_path / "out" / "b.exr")[0]
    (tmp_path / "out" / "b.exr").unlink()
    report = hdrcli.fuse(shoot, output=tmp_path / "out", scale="shoot", skip_existing=True, **OPTIONS)
    assert [result.status for result in report.brackets] == ["skipped", "done", "skipped"]
    np.testing.assert_array_equal(read(tmp_path / "out" / "b.exr")[0], whole)
    again = {**OPTIONS, "reference": 1}
    report = hdrcli.fuse(shoot, output=tmp_path / "out", scale="shoot", overwrite=True, **again)
    assert report.brackets[1].scale_stops == pytest.approx(0)
    np.testing.assert_allclose(read(tmp_path / "out" / "b.exr")[0], whole, rtol=2e-3)


def test_a_dry_run_tells_the_stops_in_table_and_json(shoot: Path, run: Run) -> None:  # noqa: F811
    outcome = run("fuse", shoot, "--dry-run", "--json")
    assert [bracket["scale_stops"] for bracket in outcome.json["brackets"]] == [0.0, 2.0, 2.0]
    heading, *rows = run("fuse", shoot, "--dry-run").out.splitlines()
    assert heading.split()[:4] == ["Bracket", "Frames", "Stops", "Scale"]
    assert [row.split()[5] for row in rows] == ["+0.00", "+2.00", "+2.00"]
    assert "Scale" not in run("fuse", shoot / "a", "--dry-run").out


@pytest.mark.parametrize("why", ["--stops", "exposure.txt", "brightness"])
def test_relative_exposures_have_no_common_scale(tmp_path: Path, why: str) -> None:
    scenes.write_bracket(tmp_path / "hall", scenes.radiance(48, 64), [0.25, 1, 4])
    if why == "exposure.txt":
        (tmp_path / "hall" / "exposure.txt").write_text("-2\n0\n2\n")
    stops = (-2, 0, 2) if why == "--stops" else None
    options = {"stops": stops, "output": tmp_path / "out"}
    (result,) = hdrcli.fuse(tmp_path / "hall", scale="shoot", **options).brackets
    assert isinstance(result.error, ExposureError)
    cause = "none" if why == "brightness" else f"only relative ones, from {why}"
    assert result.error.message.endswith(f"--scale shoot needs absolute exposures, and it has {cause}.")
    assert not (tmp_path / "out").exists()
    (planned,) = hdrcli.fuse(tmp_path / "hall", dry_run=True, **options).brackets
    assert planned.scale_stops is None


def test_seconds_from_the_command_line_are_absolute(tmp_path: Path) -> None:
    scenes.write_bracket(tmp_path / "hall", scenes.radiance(48, 64), [0.25, 1, 4], levels=65535)
    options = {"times": (0.25, 1, 4), "output": tmp_path / "out", "reference": 3}
    (result,) = hdrcli.fuse(tmp_path / "hall", model="debevec", scale="shoot", **options).brackets
    assert result.scale_stops == pytest.approx(2)
    np.testing.assert_allclose(
        np.median(read(tmp_path / "out" / "hall.exr")[0] / scenes.radiance(48, 64)), 1, rtol=0.01
    )


def test_brackets_that_tell_different_things_are_not_compared(tmp_path: Path) -> None:
    scene = scenes.radiance(48, 64, stops=5)
    scenes.write_shots(tmp_path / "shoot" / "a", scene, FIRST)
    scenes.write_shots(tmp_path / "shoot" / "b", scene, SECOND, iso=None)
    first, second = hdrcli.fuse(tmp_path / "shoot", output=tmp_path / "out", scale="shoot", **OPTIONS).brackets
    assert first.status == "done"
    assert second.error is not None
    assert "(seconds, f-number) with those of a (seconds, ISO, f-number)" in second.error.message


def test_a_picture_has_no_radiance_scale(shoot: Path, tmp_path: Path) -> None:
    report = hdrcli.fuse(shoot / "a", model="mertens", scale="shoot", output=tmp_path / "out")
    assert isinstance(report.brackets[0].error, UsageError)
    assert "mertens makes a picture" in report.brackets[0].error.message
