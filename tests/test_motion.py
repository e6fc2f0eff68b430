"""How much of the picture moved, against scenes in which that is known."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from hdrcli import evidence, motion
from hdrcli.image import Bracket, Exposure
from hdrcli.noise import PHOTON_VARIANCE, READ_NOISE
from hdrcli.transfer import linear_to_srgb, srgb_to_linear

HEIGHT, WIDTH = 160, 200
BOX = (slice(40, 80), slice(60, 100))
BOX_SHARE = 40 * 40 / (HEIGHT * WIDTH)


def scene(seed: int = 1) -> np.ndarray:
    """A (160, 200, 3) scene of eight stops, with texture in blots of some pixels."""
    random = np.random.default_rng(seed)
    ramp = np.geomspace(0.015, 4, WIDTH)[None, :, None]
    blots = cv2.GaussianBlur(random.normal(size=(HEIGHT, WIDTH)), (0, 0), 2.5)
    return (ramp * 2 ** (6 * blots)[..., None] * np.array([1, 0.9, 0.7])).astype(np.float32)


def frame(light: np.ndarray, time: float, gamma: float = 1.0) -> Exposure:
    """An 8-bit sRGB exposure with noise, decoded; a camera with another response has `gamma` other than 1."""
    random = np.random.default_rng(round(1000 * time))
    level = light * time
    noise = random.normal(size=light.shape) * np.sqrt(level * PHOTON_VARIANCE + READ_NOISE**2)
    codes = np.round(linear_to_srgb(np.clip(level + noise, 0, 1).astype(np.float32)) ** gamma * 255) / 255
    return Exposure(srgb_to_linear(codes.astype(np.float32)), "linear", f"{time:g}")


def bracket_of(scenes: list[np.ndarray], step: float = 8.0, gamma: float = 1.0) -> Bracket:
    times = tuple(step ** (index - len(scenes) // 2) for index in range(len(scenes)))
    frames = tuple(frame(light, time, gamma) for light, time in zip(scenes, times, strict=True))
    return Bracket("b", frames, len(scenes) // 2, times)


@pytest.mark.parametrize("step", [2.0, 4.0, 8.0])
def test_nothing_moves_in_frames_of_one_scene(step: float) -> None:
    assert motion.find(bracket_of([scene()] * 5, step)).share <= motion.LITTLE


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_the_share_is_the_size_of_what_moved(moved: int) -> None:
    scenes = [scene()] * 3
    scenes[moved] = scene()
    scenes[moved][BOX] *= 0.4
    assert motion.find(bracket_of(scenes, 4.0)).share == pytest.approx(BOX_SHARE, rel=0.35)


def test_a_spot_of_some_thousandths_of_the_picture_is_motion() -> None:
    scenes = [scene(), scene(), scene()]
    scenes[0][70:81, 120:131] *= 0.25
    assert motion.LITTLE < motion.find(bracket_of(scenes, 4.0)).share < 0.01


def test_a_response_that_is_not_the_cameras_is_no_motion() -> None:
    assert motion.find(bracket_of([scene()] * 3, gamma=0.8)).share <= motion.LITTLE


def test_wrong_exposure_times_are_no_motion() -> None:
    bracket = bracket_of([scene()] * 3, 4.0)
    wrong = replace(bracket, relative_exposures=(1 / 8, 1.0, 8.0))
    assert motion.find(wrong).share <= motion.LITTLE


def test_frames_a_third_of_a_pixel_out_of_place_have_not_moved_but_frames_four_pixels_off_have() -> None:
    def shifted(by: float) -> np.ndarray:
        warp = np.array([[1, 0, by], [0, 1, 0]], np.float64)
        return cv2.warpAffine(scene(), warp, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)

    assert motion.find(bracket_of([shifted(0.33), scene(), shifted(-0.33)], 4.0)).share <= motion.LITTLE
    assert motion.find(bracket_of([shifted(4.0), scene(), scene()], 4.0)).share > motion.LITTLE


def test_a_figure_before_a_sky_that_the_reference_has_as_white_is_motion() -> None:
    light = np.full((HEIGHT, WIDTH, 3), 3.0, np.float32)
    light[110:] = scene()[110:] / 10
    with_figure = light.copy()
    with_figure[BOX] = 0.1
    assert motion.find(bracket_of([light] * 3)).share == 0
    found = motion.find(bracket_of([with_figure, light, light])).share
    assert found == pytest.approx(BOX_SHARE, rel=0.65)


def test_what_moves_where_the_reference_is_white_is_seen_between_the_darker_frames() -> None:
    light = scene()
    light[BOX] = 3.2  # white in the reference and the brighter frames
    other = light.copy()
    other[BOX] = 1.5
    assert motion.find(bracket_of([other, light, light, light, light], 4.0)).share > BOX_SHARE / 4


def test_pixels_that_alignment_has_nothing_for_do_not_count() -> None:
    scenes = [scene(), scene(), scene()]
    scenes[2][:, :30] *= 3
    bracket = bracket_of(scenes, 4.0)
    shows = np.ones((HEIGHT, WIDTH), bool)
    shows[:, :30] = False
    assert motion.find(bracket).share > 0.05
    masked = (*bracket.exposures[:2], replace(bracket.exposures[2], valid=shows))
    assert motion.find(bracket.with_exposures(masked)).share <= motion.LITTLE


def test_large_frames_are_compared_small_with_the_same_share() -> None:
    def large(light: np.ndarray) -> np.ndarray:
        return cv2.resize(light, None, fx=9, fy=9, interpolation=cv2.INTER_CUBIC).clip(0)

    other = scene()
    other[BOX] *= 2.5
    bracket = bracket_of([large(other), large(scene()), large(scene())], 4.0)
    assert bracket.exposures[0].pixels.size / 3 > 2 * evidence.PIXELS
    assert motion.find(bracket).share == pytest.approx(BOX_SHARE, rel=0.35)


def test_what_moved_is_told_of_each_frame() -> None:
    scenes = [scene(), scene(), scene()]
    scenes[2] = scene()
    scenes[2][BOX] *= 0.25
    found = motion.find(bracket_of(scenes, 4.0))
    assert not found.frames[0].any()
    assert not found.frames[1].any()
    assert found.frames[2][BOX].mean() > 0.8


def test_exposures_need_not_be_known() -> None:
    scenes = [scene(), scene(), scene()]
    scenes[2][BOX] *= 0.25
    for light, least, most in (([scene()] * 3, 0, motion.LITTLE), (scenes, 0.03, 0.07)):
        unknown = replace(bracket_of(light, 4.0), relative_exposures=None)
        assert least <= motion.find(unknown).share <= most


def test_what_is_black_or_white_in_one_frame_is_no_motion() -> None:
    """Nine stops between two frames: most places are black in one or white in the other."""
    assert not motion.find(bracket_of([scene()] * 2, 512.0))


def test_strong_colours_that_cameras_turn_are_no_motion() -> None:
    """A picture style of its own rules: four stops between the channels, and another blue in each frame."""
    light = scene()
    light[BOX] = light[BOX].mean() * np.array([2.0, 0.25, 0.1], np.float32)
    bracket = bracket_of([light] * 3, 4.0)
    turned = []
    for number, one in enumerate(bracket.exposures):
        pixels = one.pixels.copy()
        pixels[BOX] *= np.array([1, 1, 0.45], np.float32) ** number
        turned.append(replace(one, stored=pixels))
    assert motion.find(bracket.with_exposures(turned)).share <= motion.LITTLE


def test_a_place_without_evidence_goes_as_a_whole_with_what_is_around() -> None:
    """A body that the reference has as black: its outline moved, and its inside is not left to another frame."""
    light = np.full((HEIGHT, WIDTH, 3), 0.15, np.float32)
    dark, bright = light.copy(), light.copy()
    dark[50:110, 60:100] = 2e-4
    bright[50:110, 80:120] = 2e-4
    found = motion.find(bracket_of([dark, dark, bright], 4.0))
    assert found.frames[2][52:108, 62:118].mean() > 0.95


def test_a_light_that_moves_in_the_dark_has_moved() -> None:
    """Of a night no two frames show much in common; a lamp that is white in one and black in the next has gone."""
    frames = []
    for column in (40, 100, 160):
        light = np.full((HEIGHT, WIDTH, 3), 1e-3, np.float32)
        light[70:90, column : column + 12] = 20
        frames.append(light)
    found = motion.find(bracket_of(frames, 4.0))
    for index, column in ((0, 40), (2, 160)):
        assert found.frames[index][72:88, column : column + 12].all()
    assert found.share < 0.1
