"""PU21 and its PSNR and SSIM: figures of the paper, closed forms, and the definition written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hdrcli.comparison import Comparison, Viewing
from hdrcli.errors import MetricError
from hdrcli.metrics import _pu21, pu21_ssim
from hdrcli.metrics.pu21_psnr import pu21_psnr
from hdrcli.metrics.pu21_psnr_y import pu21_psnr_y

WEIGHTS = (0.212656, 0.715158, 0.072186)
SHOWN = Viewing(peak_luminance=100)


def decoded(units: float) -> float:
    """The luminance in cd/m^2 of so many units: the encoding solved for it."""
    root = (units / 596.3148142 + 0.9099517204) ** (1 / 0.09150303166)
    return ((root - 0.353487901) / (0.3734658629 - 8.277049286e-05 * root)) ** (1 / 0.9062562627)


def pair(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(width)
    truth = random.uniform(0, 1, (height, width, 3)) ** 3
    return (truth * random.uniform(0, 1, truth.shape) ** 2).astype(np.float32), truth.astype(np.float32)


def flat(red: float, green: float, blue: float) -> np.ndarray:
    return np.full((12, 15, 3), (red, green, blue))


def test_the_encoding_has_the_figures_of_the_paper() -> None:
    """0 at the darkest, 256 at the white of an ordinary display, 595 at the brightest."""
    found = _pu21.encode(np.array([0.005, 100, 10_000]))
    assert found == pytest.approx([0, 256.38, 595.39], abs=0.005)
    assert (_pu21.encode(np.array([0.0, 20_000])) == found[[0, 2]]).all()


def test_the_encoding_can_be_undone() -> None:
    luminance = np.geomspace(0.005, 10_000, 60)
    back = [decoded(units) for units in _pu21.encode(luminance)]
    assert back == pytest.approx(luminance, rel=1e-7)


def test_a_step_of_the_peak_is_0_db() -> None:
    lit = decoded(256) / 100
    black, white = Comparison("linear", flat(0, 0, 0), flat(lit, lit, lit), SHOWN), flat(0, 0, 0)
    assert pu21_psnr(black) == pytest.approx(0, abs=1e-6)
    assert pu21_psnr_y(black) == pytest.approx(0, abs=1e-6)
    one_channel = Comparison("linear", white, flat(0, lit, 0), SHOWN)
    assert pu21_psnr(one_channel) == pytest.approx(10 * math.log10(3), abs=1e-6)


def test_luminance_is_weighed_before_it_is_encoded() -> None:
    given = Comparison("linear", flat(0.5, 0.5, 0.5), flat(0.2, 0.3, 0.9), SHOWN)
    luminance = 100 * (0.2 * WEIGHTS[0] + 0.3 * WEIGHTS[1] + 0.9 * WEIGHTS[2])
    step = float(np.diff(_pu21.encode(np.array([luminance, 50]))).item())
    assert pu21_psnr_y(given) == pytest.approx(20 * math.log10(256 / step), abs=1e-9)


def test_a_colour_of_the_same_luminance_is_wrong_for_rgb_only() -> None:
    grey, tinted = flat(0.5, 0.5, 0.5), flat(0.5 + 0.1 / WEIGHTS[0], 0.5 - 0.1 / WEIGHTS[1], 0.5)
    given = Comparison("linear", tinted, grey, SHOWN)
    assert pu21_psnr_y(given) > 200
    assert pu21_psnr(given) < 20


def test_what_counts_is_what_the_display_shows() -> None:
    one, other = pair(20, 30)
    bright = Comparison("linear", one, other, Viewing(peak_luminance=1000))
    same = Comparison("linear", 10 * one.astype(np.float64), 10 * other.astype(np.float64), SHOWN)
    for measure in (pu21_psnr, pu21_psnr_y, pu21_ssim.pu21_ssim):
        assert measure(bright) == pytest.approx(measure(same), abs=1e-9)
        assert measure(bright) != pytest.approx(measure(Comparison("linear", one, other, SHOWN)), abs=1e-4)


def test_ssim_has_a_window_around_every_pixel() -> None:
    """As MATLAB's ssim, which repeats the edges."""
    one, other = pair(12, 17)
    x, y = (np.pad(_pu21.encode(image.astype(np.float64) @ WEIGHTS * 100), 5, mode="edge") for image in (one, other))
    distance = np.arange(-5, 6) ** 2
    window = np.exp(-(distance[:, None] + distance) / (2 * 1.5**2))
    window /= window.sum()
    c1, c2 = 2.56**2, 7.68**2
    found = np.empty((12, 17))
    for i, j in np.ndindex(12, 17):
        a, b = x[i : i + 11, j : j + 11], y[i : i + 11, j : j + 11]
        ma, mb = (window * a).sum(), (window * b).sum()
        va, vb = (window * (a - ma) ** 2).sum(), (window * (b - mb) ** 2).sum()
        both = (window * (a - ma) * (b - mb)).sum()
        found[i, j] = (2 * ma * mb + c1) * (2 * both + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
    given = Comparison("linear", one, other, SHOWN)
    assert 0.2 < found.mean() < 0.98
    assert pu21_ssim.pu21_ssim(given) == pytest.approx(found.mean(), abs=1e-10)
    assert pu21_ssim.METRIC.error_map is not None
    assert pu21_ssim.METRIC.error_map(given) == pytest.approx(1 - found, abs=1e-6)


def test_ssim_needs_a_window() -> None:
    with pytest.raises(MetricError, match=r"11 pixels each way.* 40 x 10") as found:
        pu21_ssim.pu21_ssim(Comparison("linear", *pair(10, 40)))
    assert "leave pu21_ssim out of --metrics" in found.value.hint
