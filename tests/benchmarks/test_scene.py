"""The drawn frames are the same everywhere, one exposure apart, and of the size asked for."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hdrcli import readers, sidecars, transfer
from hdrcli.benchmarks import frames, scene
from hdrcli.inspection import inspect


def test_strips_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scene._codes(90, 61, (-2, 2))
    monkeypatch.setattr(scene, "STRIP_PIXELS", 7 * 90)
    for one, other in zip(whole, scene._codes(90, 61, (-2, 2)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_frames_are_whole_stops_apart(tmp_path: Path) -> None:
    told = scene.write(tmp_path, 192, 128, (-2, 0, 2))
    files = [Path(file) for file in told["files"]]
    assert sidecars.read_sidecar(tmp_path, files).relative_exposures == pytest.approx(told["times"])
    light = [transfer.srgb_to_linear(readers.read(file, None).pixels) for file in files]
    for dark, bright in pairwise(light):
        usable = (bright < 0.9).all(-1) & (dark > 0.05).all(-1)
        assert usable.mean() > 0.1
        assert np.median(bright[usable] / dark[usable]) == pytest.approx(4, rel=0.02)
    assert 0.02 < (light[2] == 1).mean() < 0.7  # the brightest frame clips, and not all of it


def test_whole_frames_are_kept_and_others_are_drawn_again(tmp_path: Path) -> None:
    told = scene.write(tmp_path, 32, 24, (0, 2))
    first, second = (Path(file) for file in told["files"])
    drawn = second.read_bytes()
    first.write_bytes(b"mine")
    second.unlink()
    assert scene.write(tmp_path, 32, 24, (0, 2)) == told
    assert first.read_bytes() != b"mine"
    assert second.read_bytes() == drawn
    first.write_bytes(b"mine")
    scene.write(tmp_path, 32, 24, (0, 2))
    assert first.read_bytes() == b"mine"


@pytest.mark.parametrize("megapixels", [0.003, 0.26, 2, 24, 100])
def test_sizes(megapixels: float) -> None:
    width, height = frames.size(megapixels)
    assert width * height / 1e6 == pytest.approx(megapixels, rel=0.04)
    assert width / height == pytest.approx(1.5, rel=0.03)


def test_own_frames_are_told_darkest_first(tmp_path: Path) -> None:
    scene.write(tmp_path, 48, 32, (2, -2, 0))
    told = frames.read(tmp_path)
    assert [Path(file).name for file in told["files"]] == ["2.jpg", "3.jpg", "1.jpg"]
    assert told["times"][2] / told["times"][0] == pytest.approx(16)
    assert (told["width"], told["height"]) == (48, 32)
    assert not inspect([tmp_path]).failed
