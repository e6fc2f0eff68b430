"""The composite of merge and network against scenes whose radiance is known, with and without motion."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from hdrcli import agreement, composite, merging, motion, strips
from hdrcli.image import Bracket, Exposure, RadianceMap
from hdrcli.noise import PHOTON_VARIANCE, READ_NOISE
from hdrcli.sampling import enlarged
from hdrcli.transfer import linear_to_srgb, srgb_to_linear

TIMES = (1 / 8, 1.0, 8.0)
BOX = (slice(30, 60), slice(40, 70))


def scene(seed: int = 1) -> np.ndarray:
    """A textured (96, 128, 3) scene from deep shadow to four times the reference's white."""
    random = np.random.default_rng(seed)
    ramp = np.geomspace(0.01, 4, 128)[None, :, None]
    return (ramp * random.uniform(0.7, 1.3, (96, 128, 1)) * np.array([1, 0.9, 0.7])).astype(np.float32)


def frame(light: np.ndarray, time: float, random: np.random.Generator) -> Exposure:
    """An 8-bit sRGB exposure with the noise that `merging` expects, decoded."""
    level = light * time
    noise = random.normal(size=light.shape) * np.sqrt(level * PHOTON_VARIANCE + READ_NOISE**2)
    codes = np.round(linear_to_srgb(np.clip(level + noise, 0, 1).astype(np.float32)) * 255) / 255
    return Exposure(srgb_to_linear(codes.astype(np.float32)), "linear", f"{time:g}")


def bracket_of(scenes: list[np.ndarray]) -> Bracket:
    random = np.random.default_rng(2)
    frames = tuple(frame(light, time, random) for light, time in zip(scenes, TIMES, strict=True))
    return Bracket("b", frames, 1, TIMES)


def network_of(truth: np.ndarray, error: float = 0.1) -> RadianceMap:
    """What a network would make: the truth with a smooth relative error, and never above the darkest frame's white."""
    y, x = np.mgrid[: truth.shape[0], : truth.shape[1]]
    wave = 1 + error * np.sin(x / 7.0) * np.cos(y / 9.0)
    return RadianceMap(np.minimum(truth * wave[..., None], 8).astype(np.float32))


def blend(network: RadianceMap, bracket: Bracket) -> RadianceMap:
    """The composite, which uses its first argument up, of a copy."""
    return composite.with_network(RadianceMap(network.pixels.copy()), bracket, motion.find(bracket))


def agreements(bracket: Bracket, network: RadianceMap) -> list[np.ndarray]:
    """How far frames agree with the reference, as near to motion as can be."""
    found = motion.find(bracket)
    return agreement.agreements(bracket, network, found, np.ones(found.anywhere.shape, np.float32))


def relative_error(made: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean((made / truth - 1) ** 2)))


def test_where_nothing_moved_the_merge_corrects_the_network() -> None:
    truth = scene()
    network = network_of(truth)
    made = blend(network, bracket_of([truth] * 3)).pixels
    assert relative_error(made, truth) < 0.6 * relative_error(network.pixels, truth)
    # the mid-tones, which frames know best, come within the noise
    middle = np.s_[:, 40:90]
    assert relative_error(made[middle], truth[middle]) < 0.03


@pytest.mark.parametrize("moved", [0, 2])
def test_what_moved_in_one_frame_leaves_no_ghost(moved: int) -> None:
    truth = scene()
    scenes = [truth, truth, truth]
    scenes[moved] = truth.copy()
    scenes[moved][BOX] *= 2.5
    bracket = bracket_of(scenes)
    ghost = relative_error(merging.merge(bracket)[0][BOX], truth[BOX])
    network = network_of(truth)
    made = blend(network, bracket).pixels
    assert relative_error(made[BOX], truth[BOX]) < min(0.05, 0.9 * ghost)
    seen = (BOX[0], slice(40, 48))  # farther right the brightest frame is saturated either way
    assert float(agreements(bracket, network)[moved][seen].max()) < 0.05


def test_a_reference_that_is_never_quite_black_does_not_keep_better_frames_away() -> None:
    truth = scene() / 20
    bracket = bracket_of([truth] * 3)
    lifted = np.maximum(bracket.exposures[1].pixels, np.array([0.002, 0.001, 0.004], np.float32))
    exposures = list(bracket.exposures)
    exposures[1] = replace(exposures[1], stored=lifted)
    made = blend(RadianceMap(lifted), bracket.with_exposures(exposures)).pixels
    shadows = np.s_[:, :30]
    assert (truth[shadows] < 0.003).all()
    assert relative_error(lifted[shadows], truth[shadows]) > 3
    assert relative_error(made[shadows], truth[shadows]) < 0.5


def test_frames_agree_with_themselves_where_nothing_moved() -> None:
    bracket = bracket_of([scene()] * 3)
    dark, reference, bright = agreements(bracket, network_of(scene()))
    assert (reference == 1).all()
    assert float(dark.mean()) > 0.9
    assert float(bright.mean()) > 0.9


def test_a_saturated_reference_is_overruled_by_a_short_frame_that_fits_the_network_only() -> None:
    truth = scene()
    highlights = np.s_[20:70, 112:128]  # above the reference's white
    bright, dark = truth.copy(), truth.copy()
    bright[highlights] *= 1.5
    dark[highlights] *= 0.1  # the short frame sees something dark where the reference is blown out
    agreed = agreements(bracket_of([dark, truth, truth]), network_of(truth))[0]
    assert float(agreed[30:60, 118:].max()) < 0.1
    kept = agreements(bracket_of([bright, truth, truth]), network_of(bright))[0]
    assert float(kept[30:60, 118:].min()) > 0.8


def test_light_beyond_the_darkest_frame_is_no_less_than_it_proves() -> None:
    truth = scene() * 6
    made = blend(RadianceMap(np.minimum(truth, 6)), bracket_of([truth] * 3)).pixels
    burnt = truth > 9  # the darkest frame saturates at 8
    assert burnt.any()
    assert float(made[burnt].min()) > 7.5


def test_a_frame_left_out_by_alignment_has_no_say() -> None:
    from dataclasses import replace

    truth = scene()
    bracket = bracket_of([truth * 3, truth, truth])
    gone = replace(bracket.exposures[0], valid=np.zeros((96, 128), bool))
    bracket = bracket.with_exposures((gone, *bracket.exposures[1:]))
    assert float(agreements(bracket, network_of(truth))[0].max()) == 0


def test_a_small_change_of_the_network_makes_a_small_change_of_the_result() -> None:
    """No decision flips: tiles that differ in the last digits give results that do."""
    truth = scene()
    bracket = bracket_of([truth, truth, np.roll(truth, 3, 1)])
    network = network_of(truth).pixels
    nudged = network * np.float32(1 + 1e-6)
    one, other = (blend(RadianceMap(n), bracket).pixels for n in (network, nudged))
    assert float(np.abs(one - other).max()) < 1e-4


def test_channels_that_the_darkest_frame_holds_are_its_own_where_another_is_clipped() -> None:
    truth = scene()
    truth[20:60, 20:60] = (12.0, 7.2, 6.8)  # the darkest frame saturates at 8
    wrong = RadianceMap(truth * np.float32(0.8))
    made = blend(wrong, bracket_of([truth] * 3)).pixels[25:55, 25:55]
    assert relative_error(made[..., 1:], truth[25:55, 25:55, 1:]) < 0.03
    assert float(made[..., 0].min()) >= 7.9


def sensor_frame(light: np.ndarray, time: float) -> Exposure:
    """A RAW frame of a sensor whose blue saturates at 0.6."""
    level = light * time * np.float32(1)
    saturated = (level[..., 2] > 0.6) | (level.max(-1) > 1)
    level = np.minimum(level, np.array([1, 1, 0.6], np.float32))
    return Exposure(level, "linear", f"{time:g}", bits=16, clipped=saturated * np.uint8(7))


def test_what_a_sensor_has_clipped_is_no_motion() -> None:
    truth = scene() * np.array([0.3, 0.4, 1.4], np.float32)  # blue light: the levels of the others are low
    still = Bracket("b", tuple(sensor_frame(truth, time) for time in TIMES), 1, TIMES)
    assert min(agreed.min() for agreed in agreements(still, network_of(truth))) > 0.9
    # without the mask, what the clipping of blue does to it would be taken for motion
    blind = still.with_exposures([Exposure(e.pixels, "linear", e.name, bits=16) for e in still.exposures])
    assert min(agreed.min() for agreed in agreements(blind, network_of(truth))) < 0.1


def test_a_clipped_frame_still_tells_that_light_has_gone() -> None:
    before, after = scene(), scene()
    before[BOX], after[BOX] = 0.5, 0.02
    frames = (sensor_frame(after, TIMES[0]), sensor_frame(after, TIMES[1]), sensor_frame(before, TIMES[2]))
    assert frames[2].saturated is not None
    assert frames[2].saturated[BOX].all()
    agreed = agreements(Bracket("b", frames, 1, TIMES), network_of(after))[2]
    assert agreed[40:50, 50:60].max() < 0.1


@pytest.mark.parametrize("raw", [False, True])
def test_parts_make_what_the_whole_picture_makes(monkeypatch: pytest.MonkeyPatch, raw: bool) -> None:
    truth = np.concatenate([scene() / 60, scene() * 2])
    moved = truth.copy()
    moved[20:40, 50:70] *= 3
    moved[120:140, 80:100] /= 4
    bracket = bracket_of([moved, truth, truth])
    noise = np.random.default_rng(3).normal(0, 0.01, truth.shape).astype(np.float32)
    seen = replace(bracket.exposures[0], stored=np.clip(bracket.exposures[0].stored + noise, 0, 1))
    reference = replace(bracket.exposures[1], stored=np.maximum(bracket.exposures[1].stored, np.float32(0.003)))
    warped = replace(bracket.exposures[2], valid=np.arange(192)[:, None] + np.arange(128) > 40)
    bracket = bracket.with_exposures([seen, reference, warped])
    if raw:
        masks = [frame.pixels.max(-1) > 0.8 for frame in bracket.exposures]
        pairs = zip(bracket.exposures, masks, strict=True)
        bracket = bracket.with_exposures(
            [replace(one, clipped=mask * np.uint8(7), noise=(1e-4, 1e-6)) for one, mask in pairs]
        )
    made = {}
    for side in (32, 1 << 20):
        monkeypatch.setattr(strips, "BLOCK", side)
        monkeypatch.setattr(strips, "STRIP_PIXELS", side * 128)
        made[side] = [*agreements(bracket, network_of(truth)), blend(network_of(truth), bracket).pixels]
    for part, whole in zip(*made.values(), strict=True):
        np.testing.assert_allclose(part, whole, atol=1e-6)
    assert min(agreed.min() for agreed in made[32][:3]) < 0.1
    assert made[32][0].max() > 0.9


@pytest.mark.parametrize("moved", [0, 2])
def test_without_a_network_what_moved_comes_from_the_reference_frame(moved: int) -> None:
    """A box that is there in one frame alone: no trace of it, and no other change."""
    truth = scene()
    scenes = [truth, truth, truth]
    scenes[moved] = truth.copy()
    scenes[moved][BOX] *= 6
    bracket = bracket_of(scenes)
    ghost = relative_error(merging.radiance(bracket)[BOX], truth[BOX])
    made = composite.without_network(bracket, motion.find(bracket)).pixels
    assert relative_error(made[BOX], truth[BOX]) < min(0.15, ghost / 2)
    assert np.array_equal(made[:, 100:], merging.radiance(bracket)[:, 100:])


def test_without_a_network_a_region_that_the_reference_has_as_white_comes_from_another() -> None:
    truth = np.full((96, 128, 3), 0.2, np.float32)
    truth[BOX] = 4.0
    gone = truth.copy()
    gone[BOX] = 0.2
    bracket = bracket_of([truth, truth, gone])
    made = composite.without_network(bracket, motion.find(bracket)).pixels
    assert relative_error(made[34:56, 44:66], truth[34:56, 44:66]) < 0.1


def test_what_no_frame_tells_is_as_bright_as_what_is_around() -> None:
    """A sky of eight times white, and a dark thing before it in all frames but the reference, which has it as white."""
    sky = np.full((96, 128, 3), 6.0, np.float32)
    sky[84:] = scene()[84:] / 10
    passing = [sky.copy(), sky, sky]
    passing[0][20:50, 40:70] = 0.002
    bracket = bracket_of(passing)
    made = composite.without_network(bracket, motion.find(bracket)).pixels[18:52, 38:72]
    assert made.min() > 0.8 * 6
    assert made.max() < 1.1 * 6


def test_nothing_moved_and_nothing_is_asked_of_a_network() -> None:
    bracket = bracket_of([scene()] * 3)
    found = motion.find(bracket)
    assert not found
    assert np.array_equal(composite.without_network(bracket, found).pixels, merging.radiance(bracket))


def test_a_map_is_enlarged_as_opencv_does_it_and_beyond_its_sizes() -> None:
    small = np.random.default_rng(4).random((30, 40, 3), np.float32)
    whole = cv2.resize(small, (300, 200), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(enlarged(small, (slice(50, 120), slice(0, 300)), (200, 300)), whole[50:120], atol=1e-5)
    assert enlarged(small, (slice(0, 3), slice(0, 70000)), (3, 70000)).shape == (3, 70000, 3)
