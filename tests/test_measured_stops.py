"""Times that contradict the frames, on scenes of known light."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hdrcli
from hdrcli import measured_stops, transfer
from hdrcli.image import Exposure
from tests.conftest import MakeBracket


def frames(exposures: list[float], curve: float = 1.0) -> list[Exposure]:
    """Frames of one scene of 12 stops, white at 1, through a camera that makes `curve` stops of one."""
    light = 2.0 ** np.random.default_rng(1).uniform(-12, 0, (200, 200, 3))
    seen = [np.clip(light * one, 0, 1) ** curve for one in exposures]
    return [
        Exposure(transfer.linear_to_srgb(one.astype(np.float32)), "srgb", f"{number}.jpg")
        for number, one in enumerate(seen)
    ]


def test_a_wrong_step_is_measured_and_the_others_stay() -> None:
    found, changed = measured_stops.corrected(frames([1, 4, 4, 16]), (1, 4, 8, 32))
    np.testing.assert_allclose(found, (1, 4, 4, 16), rtol=1e-3)
    assert changed == ["2.jpg"]


def test_a_step_told_as_none_is_measured() -> None:
    found, changed = measured_stops.corrected(frames([1, 4, 16]), (1, 1, 4))
    np.testing.assert_allclose(found, (1, 4, 16), rtol=1e-3)
    assert changed == ["1.jpg"]
    assert measured_stops.corrected(frames([1, 1, 4]), (1, 1, 4)) == ((1, 1, 4), [])


def test_small_pictures_speak_too() -> None:
    small = [Exposure(one.pixels[:60, :80], one.encoding, one.name) for one in frames([1, 4, 4])]
    np.testing.assert_allclose(measured_stops.corrected(small, (1, 4, 32))[0], (1, 4, 4), rtol=1e-3)


@pytest.mark.parametrize("curve", [1.0, 1.3])
def test_right_times_are_believed_through_a_tone_curve_too(curve: float) -> None:
    assert measured_stops.corrected(frames([1, 4, 16, 64], curve), (1, 4, 16, 64)) == ((1, 4, 16, 64), [])


def test_frames_that_share_no_well_exposed_pixels_contradict_nothing() -> None:
    assert measured_stops.corrected(frames([1e-4, 1e4]), (1, 4)) == ((1, 4), [])


def test_a_sidecar_is_corrected_and_what_was_typed_is_not(make_bracket: MakeBracket, tmp_path: Path) -> None:
    folder = make_bracket(tmp_path / "hall", times=(1 / 200, 1 / 100, 1 / 50), height=192, width=256)
    for file in folder.iterdir():
        Image.open(file).save(file.with_suffix(".png"))
        file.unlink()
    (folder / "times.txt").write_text("0.005\n0.01\n0.16\n")  # the last is three stops too long
    (by_file,) = hdrcli.fuse(folder, model="debevec", output=tmp_path / "one").brackets
    assert by_file.stops == pytest.approx((-1, 0, 1), abs=0.1)
    assert any("measured for frame3.png" in note for note in by_file.notes)
    (folder / "times.txt").write_text("0.005\n0.0025\n0.02\n")  # the second is in truth one stop brighter
    (by_file,) = hdrcli.fuse(folder, model="debevec", output=tmp_path / "three").brackets
    assert by_file.stops == pytest.approx((-1, 0, 1), abs=0.1)
    (typed,) = hdrcli.fuse(folder, model="debevec", output=tmp_path / "two", stops=(-1, 0, 4)).brackets
    assert typed.stops == pytest.approx((-1, 0, 4))
    assert not any("measured" in note for note in typed.notes)


def test_few_pixels_of_something_that_moved_contradict_no_time() -> None:
    """Two frames all but burnt: what both show well is a body in another place, of any ratio of light."""
    random = np.random.default_rng(2)
    burnt = np.full((200, 200, 3), 2.0)
    dark, bright = burnt.copy(), burnt.copy()
    dark[:20, :100] = 2.0 ** random.uniform(-4, -1, (20, 100, 1))
    bright[:20, :100] = 2.0 ** random.uniform(-4, -1, (20, 100, 1))
    pair = [
        Exposure(transfer.linear_to_srgb(np.clip(one, 0, 1).astype(np.float32)), "srgb", f"{number}.jpg")
        for number, one in enumerate((dark, bright))
    ]
    assert measured_stops.corrected(pair, (1, 8)) == ((1, 8), [])
