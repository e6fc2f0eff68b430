"""A share of `tests.campaigns.photographs`: the figures of brackets that may be committed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from hdrcli.image import Bracket, Exposure
from tests.campaigns import photographs

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_a_real_bracket_has_no_holes_no_wrong_hues_and_no_new_edges(tmp_path: Path) -> None:
    frames = ",".join(str(path) for path in sorted((EXAMPLES / "old_house").glob("*.jpg")))
    assert photographs.main([f"{frames}=-2,0,2", "--out", str(tmp_path)]) == 0
    found = photographs.json.loads((tmp_path / "figures.json").read_text())["OldHouse1-OldHouse3"]
    assert found["holes"] < 0.006  # the stops of this bracket are a guess
    assert found["hue"] < 0.2
    assert found["residual"] < 0.25
    assert found["sharpness"] > 0.85
    assert found["edges"] < 0.01
    assert found["moved"] < 0.005
    assert found["white"] - found["black"] > 60
    page = (tmp_path / "index.html").read_text()
    assert "OldHouse1-OldHouse3" in page
    assert all((tmp_path / name).exists() for name in page.split('src="')[1:] for name in [name.split('"')[0]])


def test_the_figures_tell_what_is_wrong() -> None:
    ramp = np.linspace(0.02, 0.9, 120, dtype=np.float32)[None, :, None].repeat(80, 0).repeat(3, -1)
    frames = tuple(Exposure(np.clip(ramp * time, 0, 1), "linear", "f") for time in (1.0, 4.0))
    bracket = Bracket("b", frames, 0, (1.0, 4.0))
    assert photographs.holes(bracket, ramp) == 0
    assert photographs.hue(bracket, ramp) < 0.01
    assert not photographs.new_edges(bracket, ramp).any()
    hole, tinted, cut = ramp.copy(), ramp * np.array([1, 1, 0.5], np.float32), ramp.copy()
    hole[20:40, 80:100], cut[40:, :60] = 0.01, 2 * cut[40:, :60]
    assert photographs.holes(bracket, hole) > 0.02
    assert photographs.hue(bracket, tinted) > 0.4
    edges = photographs.new_edges(bracket, cut)
    assert edges.mean() > 0.005
    moved = np.zeros((80, 120), bool)
    moved[40:, :60] = True
    assert photographs.seams(moved, edges) > 0.15
    assert photographs.seams(~moved & False, edges) == 0


def test_blurred_frames_are_told_from_sharp_ones() -> None:
    pixels = np.random.default_rng(1).random((60, 80, 3), np.float32)
    sharp = Exposure(pixels, "srgb", "f")
    blurred = Exposure(cv2.GaussianBlur(pixels, (0, 0), 1), "srgb", "f", valid=np.ones((60, 80), bool))
    given = Bracket("b", (sharp, sharp), 0)
    assert photographs.sharpness(given, given) == 1
    assert photographs.sharpness(given, given.with_exposures([sharp, blurred])) < 0.5


def test_a_set_that_cannot_be_fused_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert photographs.main([str(tmp_path / "empty"), "--out", str(tmp_path / "out")]) == 1
    assert "empty" in (tmp_path / "out" / "index.html").read_text()
