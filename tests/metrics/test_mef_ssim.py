"""MEF-SSIM against its definition written out patch by patch, and what must hold for frames one can think of."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hdrcli.comparison import Comparison
from hdrcli.errors import MetricError
from hdrcli.metrics.mef_ssim import METRIC, mef_ssim
from tests.metrics.display import gaussian, grey, halved, noisy, picture, shown

LEVELS = picture(47, 58)
WEIGHTS = np.array([0.0448, 0.2856, 0.3001]) / (0.0448 + 0.2856 + 0.3001)
STABLE = (0.03 * 255) ** 2
WINDOW = gaussian()


def exposed(gain: float) -> np.ndarray:
    return np.clip(np.round(gain * LEVELS), 0, 255)


def fused(levels: np.ndarray, *frames: np.ndarray) -> Comparison:
    return Comparison("fused", shown(levels), tuple(shown(frame) for frame in frames))


def wished(patches: list[np.ndarray]) -> np.ndarray:
    """The patch that a fused picture should show, of the frames' (11, 11) patches."""
    bare = [patch - patch.mean() for patch in patches]
    lengths = [np.linalg.norm(patch) for patch in bare]
    if not any(lengths):
        return np.zeros((11, 11))
    agreement = np.linalg.norm(sum(bare)) / sum(lengths)
    power = 10.0 if agreement >= 1 else min(math.tan(math.pi / 2 * agreement), 10.0)
    contrasts = [length + 0.001 for length in lengths]
    weights = np.array([(contrast / 11) ** power + 2**-52 for contrast in contrasts])
    weights /= weights.sum()
    structure = sum(w * patch / contrast for w, patch, contrast in zip(weights, bare, contrasts, strict=True))
    length = np.linalg.norm(structure)
    return structure / length * max(contrasts) if length > 1e-7 else np.zeros((11, 11))


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - (WINDOW * a).sum(), b - (WINDOW * b).sum()
    return (2 * (WINDOW * a * b).sum() + STABLE) / ((WINDOW * a * a).sum() + (WINDOW * b * b).sum() + STABLE)


def by_definition(levels: np.ndarray, *frames: np.ndarray) -> float:
    planes = [grey(one) for one in (levels, *frames)]
    product = 1.0
    for weight in WEIGHTS:
        rows, columns = planes[0].shape
        found = []
        for i, j in np.ndindex(rows - 10, columns - 10):
            shown, *seen = (plane[i : i + 11, j : j + 11] for plane in planes)
            found.append(likeness(shown, wished(seen)))
        product *= np.mean(found) ** weight
        planes = [halved(plane) for plane in planes]
    return product


@pytest.mark.parametrize(
    ("levels", "frames"),
    [
        (noisy(LEVELS), [exposed(0.4), exposed(2)]),
        (LEVELS, [exposed(0.1), exposed(2), exposed(0.5)]),
        (LEVELS, [exposed(gain) for gain in (0.1, 0.3, 1, 2, 4)]),
        (255 - LEVELS, [noisy(LEVELS), 255 - LEVELS, np.full(LEVELS.shape, 40.0)]),
    ],
    ids=["two frames", "three", "five", "contrary ones and a flat one"],
)
def test_it_is_the_definition(levels: np.ndarray, frames: list[np.ndarray]) -> None:
    expected = by_definition(levels, *frames)
    assert 0.1 < expected < 0.99
    assert mef_ssim(fused(levels, *frames)) == pytest.approx(expected, abs=1e-9)


def test_the_order_of_frames_does_not_matter() -> None:
    frames = [exposed(gain) for gain in (0.3, 1, 3)]
    expected = mef_ssim(fused(noisy(LEVELS), *frames))
    assert mef_ssim(fused(noisy(LEVELS), *frames[::-1])) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("count", [2, 3, 7])
@pytest.mark.parametrize("contrast", [1, 0.01])
def test_frames_that_are_one_wish_for_it(count: int, contrast: float) -> None:
    """Also where they agree more than wholly by rounding, and have less contrast than a level."""
    levels = np.round(contrast * LEVELS)
    assert mef_ssim(fused(levels, *[levels] * count)) == pytest.approx(1, abs=1e-4)


def test_what_one_frame_shows_alone_is_what_is_wished_for() -> None:
    flat = np.full(LEVELS.shape, 30.0)
    assert mef_ssim(fused(LEVELS, flat, LEVELS, flat + 200)) == pytest.approx(1, abs=1e-4)
    assert mef_ssim(fused(flat, flat, LEVELS)) < 0.5
    assert mef_ssim(fused(255 - LEVELS, flat, LEVELS)) == 0


def test_brightness_does_not_count() -> None:
    levels = np.round(LEVELS / 4)
    frames = levels + 20, np.round(levels / 2) + 100
    expected = mef_ssim(fused(levels, *frames))
    assert mef_ssim(fused(levels + 150, *frames)) == pytest.approx(expected, abs=1e-12)


def test_the_map_is_of_the_finest_scale() -> None:
    frames = exposed(0.4), exposed(2)
    assert METRIC.error_map is not None
    drawn = METRIC.error_map(fused(noisy(LEVELS), *frames))
    planes = [grey(one) for one in (noisy(LEVELS), *frames)]
    for y, x in ((5, 5), (20, 31), (30, 40), (41, 52)):
        shown, *seen = (plane[y - 5 : y + 6, x - 5 : x + 6] for plane in planes)
        assert drawn[y, x] == pytest.approx(1 - likeness(shown, wished(seen)), abs=1e-6)


def test_what_cannot_be_judged_is_said() -> None:
    with pytest.raises(MetricError, match="two frames at least") as found:
        mef_ssim(fused(LEVELS, LEVELS))
    assert "--bracket" in found.value.hint
    assert mef_ssim(fused(LEVELS[:41], exposed(0.4)[:41], LEVELS[:41])) > 0.5
    with pytest.raises(MetricError, match="needs 41 pixels each way, and the picture is 58 x 40") as found:
        mef_ssim(fused(LEVELS[:40], exposed(0.4)[:40], LEVELS[:40]))
    assert "mef_ssim out of --metrics" in found.value.hint
