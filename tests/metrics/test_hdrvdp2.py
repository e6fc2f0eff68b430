"""HDR-VDP-2 held against what the authors' program said, whole and stage by stage."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
import pytest

from hdrcli import memory
from hdrcli.comparison import Comparison, Viewing
from hdrcli.errors import MetricError
from hdrcli.metrics import hdrvdp2, hdrvdp2_y
from hdrcli.metrics._hdrvdp2 import eye, filtering, model, pyramid, sensitivity, taps
from hdrcli.metrics._hdrvdp2.masking import Differences
from tests.metrics import vdp_pairs
from tests.metrics.vdp_pairs import Pair, coloured, grey, waves


@pytest.mark.parametrize(("made", "encoded", "quality", "detection", "contrast", "mean"), vdp_pairs.SAID)
def test_pairs_are_judged_as_by_the_authors_program(
    made: Callable[[], Pair],
    encoded: Callable[[Pair], Pair],
    quality: float,
    detection: float,
    contrast: float,
    mean: float,
) -> None:
    found = model.visibility(*encoded(made()), 30)
    assert found.quality == pytest.approx(quality, abs=1e-9)
    assert found.detection == pytest.approx(detection, rel=1e-9)
    assert found.contrast == pytest.approx(contrast, rel=1e-9)
    assert found.probabilities.mean() == pytest.approx(mean, rel=1e-8)


@pytest.mark.parametrize(("pixels_per_degree", "quality"), vdp_pairs.SAID_AT)
def test_so_they_are_from_other_distances(pixels_per_degree: float, quality: float) -> None:
    assert model.visibility(*coloured(waves()), pixels_per_degree).quality == pytest.approx(quality, abs=1e-9)


@pytest.mark.parametrize(("height", "width", "quality", "contrast"), vdp_pairs.SAID_OF_SMALL)
def test_and_at_small_sizes(height: int, width: int, quality: float, contrast: float) -> None:
    found = model.visibility(*grey(waves(height, width)), 30)
    assert found.quality == pytest.approx(quality, abs=1e-9)
    assert found.contrast == pytest.approx(contrast, rel=1e-7)


def stages() -> dict[str, np.ndarray]:
    """The grey waves on their way through the model."""
    test, reference = grey(waves())
    response, adapted = eye.seen(reference, 30)
    adapted_test = eye.seen(test, 30)[1]
    plain = pyramid.split(response)
    known, beyond, _ = model._bands(reference, 30, None)
    bands = model._bands(test, 30, beyond)[0]
    differences = Differences(bands, known)
    luminance = np.log10((adapted + adapted_test) / 2)
    found = {
        "on the retina": eye.on_retina(reference[..., 0], 30),
        "adapted to": adapted,
        "response": response,
        "band 5.1 as seen": known[-1][0],
        "sensitivity in band 3": sensitivity.of_band(3.75, filtering.resized(luminance, (64, 96))),
        "counted in band 3": filtering.resized(model._differs(test, reference).astype(float), (64, 96)),
    }
    for band, one in ((1, 1), (3, 2), (4, 3), (5, 1)):
        found[f"band {band}.{one}"] = plain[band - 1][one - 1]
    for band, one in ((1, 1), (3, 2), (4, 4), (5, 1)):
        size = differences.size(band)
        noise = 1.0 if band == 5 else 1 / sensitivity.of_band(30 / 2**band, filtering.resized(luminance, size))
        found[f"difference {band}.{one}"] = differences.seen(band, noise)[one - 1]
    return found


def test_each_stage_has_the_figures_of_the_authors_program() -> None:
    found = stages()
    assert found.keys() == vdp_pairs.STAGES.keys()
    for name, said in vdp_pairs.STAGES.items():
        plane = found[name]
        at = plane[plane.shape[0] // 3, plane.shape[1] // 3]
        largest = np.abs(plane).max()
        for mine, theirs in zip((plane.mean(), plane.min(), plane.max(), at), said, strict=True):
            assert theirs is None or mine == pytest.approx(theirs, rel=1e-8, abs=1e-9 * largest), name


def test_the_eye_passes_what_was_measured() -> None:
    passed = eye.transfer(np.array([0.0, 0.5, 1, 4, 15, 30]))
    assert passed == pytest.approx([1, 0.894685563631, 0.808508687162, 0.510132311198, 0.281364165626, 0.183415943607])
    light = np.array([0.001, 0.1, 10, 1000])
    assert eye.sensitivity(light) == pytest.approx([0.7164600306, 5.689938599, 28.55137009, 30.16112035])
    assert eye.rod_sensitivity(light)[:3] == pytest.approx([0.4576667398, 5.380920048, 3.235230317])
    cones, rods = eye._steps()
    assert cones[[0, 1, 1023, 2047]] == pytest.approx([0, 0.000804149003817, 5.93480500408, 284.899484924])
    assert rods[[0, 1, 1023, 2047]] == pytest.approx([0, 0.000508063020198, 54.0049859816, 98.3937413828])


def test_sensitivity_is_that_of_the_published_fit() -> None:
    frequencies = np.array([0.0, 0.5, 3.75, 30])
    for luminance, wanted in (
        (0.001, (0, 1.128698444, 0.2681915861, 0.007834395306)),
        (10, (0, 0.4070401116, 1.488836274, 0.05583957211)),
        (1000, (0, 0.3414993985, 1.666924601, 0.2415328094)),
    ):
        assert sensitivity.neural(frequencies, luminance) == pytest.approx(wanted)


def test_the_pyramid_mirrors_without_repeating_and_takes_even_samples() -> None:
    y, x = np.mgrid[:19, :21]
    plane = ((7 * y + 3 * x) % 11).astype(float)
    low = pyramid._correlated(plane, taps.NARROW)[::2, ::2]
    assert low.shape == (10, 11)
    assert low[[0, 3, 9], [0, 5, 10]] == pytest.approx([12.1911401042, 10.7312114372, 7.80885751769])
    assert pyramid._correlated(plane, taps.BANDS[1])[2, 7] == pytest.approx(-0.565502200619)
    wide = np.zeros((19, 21))
    wide[::2, ::2] = low
    wanted = [6.0686501713, 5.14184786082, 3.79584500983]
    assert pyramid._convolved(wide, taps.NARROW)[[0, 1, 18], [0, 2, 20]] == pytest.approx(wanted)


def test_bands_make_the_plane_that_they_were_made_of() -> None:
    """To what the published filters allow: a few parts in a hundred of the contrast."""
    plane = np.random.default_rng(5).normal(size=(96, 120))
    joined = pyramid.Joined()
    for band in reversed(pyramid.split(plane)):
        joined.add(band)
    assert np.corrcoef(joined.plane.ravel(), plane.ravel())[0, 1] > 0.99


def test_sizes_change_as_by_imresize() -> None:
    y, x = np.mgrid[:5, :7]
    plane = (y + 5 * x + 1.0) ** 1.5
    smaller, larger = filtering.resized(plane, (3, 4)), filtering.resized(plane, (7, 9))
    assert smaller[[0, 0, 2], [0, 3, 3]] == pytest.approx([5.62864845678, 161.43811443, 190.160286732])
    assert larger[[0, 1], [0, 2]] == pytest.approx([0.217694883932, 25.8023449827])


def scene() -> np.ndarray:
    """Texture at many scales, (96, 128, 3) float32 in [0, 1]."""
    random = np.random.default_rng(3)
    layers = [cv2.resize(random.random((96 // k, 128 // k, 3)), (128, 96)) for k in (1, 4, 16)]
    return (np.sum(layers, 0) / 3).astype(np.float32)


def quality(prediction: np.ndarray, truth: np.ndarray, **viewing: float) -> float:
    return hdrvdp2.METRIC.measure(Comparison("linear", prediction, truth, Viewing(**viewing)))[0]


def test_equal_pictures_are_100_and_nothing_is_seen() -> None:
    comparison = Comparison("linear", scene(), scene())
    for metric in (hdrvdp2.METRIC, hdrvdp2_y.METRIC):
        assert metric.measure(comparison) == (100, 0, 0)
        assert metric.error_map is not None
        assert not metric.error_map(comparison).any()


def test_more_noise_and_more_blur_are_worse() -> None:
    truth, noise = scene(), np.random.default_rng(4).normal(size=(96, 128, 3)).astype(np.float32)
    noisy = [quality(np.clip(truth + share * noise, 0, None), truth) for share in (0.003, 0.01, 0.03, 0.1)]
    blurred = [quality(cv2.GaussianBlur(truth, (0, 0), sigma), truth) for sigma in (0.4, 0.8, 1.6, 3.2)]
    for falling in (noisy, blurred):
        assert all(one > other for one, other in pairwise([100, *falling]))


def test_colours_alone_do_not_count_for_luminance() -> None:
    """Red for as much green, by luminance."""
    truth = np.full((48, 64, 3), 0.2, np.float32)
    moved = truth.copy()
    moved[16:32, 16:48] += np.array([0.2 / 0.212656, -0.2 / 0.715158, 0], np.float32) * np.float32(0.5)
    comparison = Comparison("linear", moved, truth)
    assert hdrvdp2_y.METRIC.measure(comparison)[0] > 99.99
    assert hdrvdp2.METRIC.measure(comparison)[0] < 90


def test_the_map_shows_where() -> None:
    truth = scene()
    spoilt = truth.copy()
    spoilt[20:40, 30:60] *= 1.3
    comparison = Comparison("linear", spoilt, truth)
    assert hdrvdp2.METRIC.error_map is not None
    drawn = hdrvdp2.METRIC.error_map(comparison)
    assert drawn.shape == (96, 128)
    assert drawn.dtype == np.float32
    assert drawn.max() == pytest.approx(hdrvdp2.METRIC.measure(comparison)[1])
    assert drawn[25:35, 35:55].min() > 0.9
    assert drawn[80:, 100:].max() < 0.5


def test_a_dimmer_display_hides_differences() -> None:
    truth = scene()
    worse = truth * (1 + 0.02 * np.random.default_rng(6).normal(size=truth.shape)).astype(np.float32)
    assert quality(worse, truth, peak_luminance=1) > quality(worse, truth, peak_luminance=100)


def test_what_memory_does_not_suffice_for_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 10**6)
    with pytest.raises(MetricError, match=r"HDR-VDP-2 needs 0.0 GB of free memory for 128 x 96 pixels"):
        quality(scene(), scene())


def test_light_beyond_the_model_is_told() -> None:
    with pytest.raises(MetricError, match=r"HDR-VDP-2 knows no light of .*e\+299 cd/m\^2"):
        quality(scene(), scene(), peak_luminance=1e300)


def test_pictures_smaller_than_the_filters_are_told() -> None:
    comparison = Comparison("linear", np.ones((15, 40, 3)), np.ones((15, 40, 3)))
    with pytest.raises(MetricError, match="HDR-VDP-2 needs 16 pixels each way, and the picture is 40 x 15"):
        hdrvdp2.METRIC.measure(comparison)
