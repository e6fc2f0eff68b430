"""SSIM of linear and of compressed light against its definition window by window, and scikit-image's whole."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from hdrcli.comparison import Comparison
from hdrcli.errors import MetricError
from hdrcli.metrics import ssim_l, ssim_mu

MEASURES: list[tuple[Callable[[Comparison], float], Callable[[float], float]]] = [
    (ssim_l.ssim_l, lambda x: x),
    (ssim_mu.ssim_mu, lambda x: math.log(1 + 5000 * x) / math.log(5001)),
]


def pair(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(height)
    truth = random.uniform(0, 1, (height, width, 3)) ** 3
    return (truth * random.uniform(0, 1, truth.shape) ** 2).astype(np.float32), truth.astype(np.float32)


def by_loops(one: np.ndarray, other: np.ndarray) -> float:
    """Equation 13 of Wang et al. 2004 at every place where its window of 11 x 11 fits."""
    distance = np.arange(-5, 6) ** 2
    window = np.exp(-(distance[:, None] + distance) / (2 * 1.5**2))
    window /= window.sum()
    found = []
    for i in range(one.shape[0] - 10):
        for j in range(one.shape[1] - 10):
            x, y = one[i : i + 11, j : j + 11], other[i : i + 11, j : j + 11]
            mx, my = (window * x).sum(), (window * y).sum()
            vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
            both = (window * (x - mx) * (y - my)).sum()
            likeness = (2 * mx * my + 1e-4) * (2 * both + 9e-4)
            found.append(likeness / ((mx * mx + my * my + 1e-4) * (vx + vy + 9e-4)))
    return sum(found) / len(found)


@pytest.mark.parametrize(("measure", "curve"), MEASURES)
def test_it_is_the_definition(measure: Callable[[Comparison], float], curve: Callable[[float], float]) -> None:
    one, other = pair(13, 16)
    x, y = (np.vectorize(curve)(image.astype(np.float64)) for image in (one, other))
    expected = np.mean([by_loops(x[..., channel], y[..., channel]) for channel in range(3)])
    assert 0.2 < expected < 0.98
    assert measure(Comparison("linear", one, other)) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(("measure", "curve"), MEASURES)
def test_strips_do_not_show(measure: Callable[[Comparison], float], curve: Callable[[float], float]) -> None:
    one, other = pair(531, 47)
    x, y = (np.vectorize(curve)(image.astype(np.float64)) for image in (one, other))
    whole = structural_similarity(
        x, y, data_range=1, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert measure(Comparison("linear", one, other)) == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize(("measure", "curve"), MEASURES)
def test_flat_images_differ_by_their_means_alone(
    measure: Callable[[Comparison], float], curve: Callable[[float], float]
) -> None:
    a, b = curve(0.25), curve(0.5)
    flat = [np.full((12, 20, 3), level, np.float32) for level in (0.25, 0.5)]
    expected = (2 * a * b + 1e-4) / (a * a + b * b + 1e-4)
    assert measure(Comparison("linear", *flat)) == pytest.approx(expected, abs=1e-10)


def test_light_above_white_is_white() -> None:
    one, other = pair(20, 20)
    clipped = [np.minimum(4 * image, 1) for image in (one, other)]
    for measure, _ in MEASURES:
        assert measure(Comparison("linear", 4 * one, 4 * other)) == measure(Comparison("linear", *clipped))


def test_the_mu_law_sees_into_shadows() -> None:
    one, other = pair(40, 40)
    dark = Comparison("linear", one / 1000, other / 1000)
    assert ssim_l.ssim_l(dark) > 0.99
    assert ssim_mu.ssim_mu(dark) < 0.9


@pytest.mark.parametrize(("height", "width"), [(10, 40), (40, 10)])
def test_images_smaller_than_a_window_are_refused(height: int, width: int) -> None:
    for module, name in ((ssim_l, "ssim_l"), (ssim_mu, "ssim_mu")):
        with pytest.raises(MetricError, match=f"SSIM needs 11 pixels each way.* {width} x {height}") as found:
            module.METRIC.measure(Comparison("linear", *pair(height, width)))
        assert f"leave {name} out of --metrics" in found.value.hint
        assert module.METRIC.error_map is not None
        with pytest.raises(MetricError, match="11 pixels"):
            module.METRIC.error_map(Comparison("linear", *pair(height, width)))


def test_the_map_is_one_less_ssim() -> None:
    one, other = pair(300, 31)
    given = Comparison("linear", one, other)
    drawn = ssim_l.METRIC.error_map(given)  # type: ignore[misc]
    inside = drawn[5:-5, 5:-5].astype(np.float64).mean()
    assert inside == pytest.approx(1 - ssim_l.ssim_l(given), abs=1e-7)
