"""HDR AVIF and Ultra HDR beside the PNG of the same run: middle tones agree, whatever frame was the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

import hdrcli
from hdrcli import middle_tones, transfer
from hdrcli.adjustments import Adjustments
from tests import scenes

TIMES = (1 / 16, 1 / 4, 1.0, 4.0)
BT2020_TO_BT709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
"""ITU-R BT.2407-0, eq. (3)."""


@pytest.fixture
def hall(tmp_path: Path) -> Path:
    scenes.write_bracket(tmp_path / "hall", scenes.radiance(64, 96, stops=8), list(TIMES), levels=65535)
    return tmp_path / "hall"


def fused(hall: Path, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    """Linear BT.709 light (H, W, 3) that the PNG and the AVIF show; 1.0 = 203 cd/m^2, the white of the PNG."""
    out = hall.parent / "out"
    asked = {"model": "debevec", "times": TIMES, "formats": ("png", "avif"), "quality": 100, **options}
    (result,) = hdrcli.fuse(hall, output=out, overwrite=True, **asked).brackets
    assert result.status == "done", result.error
    picture = transfer.srgb_to_linear(np.asarray(Image.open(out / "hall.png")) / 255)
    codes = imagecodecs.avif_decode((out / "hall.avif").read_bytes()) / 1023
    return picture, transfer.pq_to_luminance(codes) / 203 @ BT2020_TO_BT709.T


def middle_ratio(picture: np.ndarray, hdr: np.ndarray) -> float:
    """How much brighter the HDR picture is in the median of the tones around middle grey."""
    seen = transfer.luminance(picture)
    middle = (seen > 1 / 8) & (seen < 1 / 4)
    assert middle.sum() > 100
    return float(np.median(transfer.luminance(hdr)[middle] / seen[middle]))


@pytest.mark.parametrize("reference", [1, 3, 4])
@pytest.mark.parametrize("operator", ["natural", "reinhard"])
def test_middle_tones_are_those_of_the_png(hall: Path, reference: int, operator: str) -> None:
    picture, hdr = fused(hall, reference=reference, tone_map=operator)
    assert middle_ratio(picture, hdr) == pytest.approx(1, abs=0.1)
    assert hdr.max() > 1.5


def test_light_keeps_its_ratios(hall: Path) -> None:
    """The AVIF is the scene times one number, where the PNG is compressed."""
    scene = scenes.radiance(64, 96, stops=8)
    _, hdr = fused(hall, reference=1)
    lit = transfer.luminance(scene) > 0.05
    ratio = transfer.luminance(hdr)[lit] / transfer.luminance(scene)[lit]
    np.testing.assert_allclose(ratio, np.median(ratio), rtol=0.05)


def test_exposure_acts_on_both(hall: Path) -> None:
    _, plain = fused(hall)
    picture, brighter = fused(hall, adjustments=Adjustments(exposure=1))
    assert middle_ratio(picture, brighter) == pytest.approx(1, abs=0.1)
    assert np.median(brighter / plain) == pytest.approx(2, rel=0.15)


def test_colours_are_adjusted_in_both(hall: Path) -> None:
    _, plain = fused(hall)
    picture, grey = fused(hall, adjustments=Adjustments(saturation=-100))
    assert np.ptp(picture, axis=2).max() == 0
    assert np.ptp(grey, axis=2).max() < 0.03 * grey.max()
    np.testing.assert_allclose(np.median(transfer.luminance(grey) / transfer.luminance(plain)), 1, atol=0.1)
    _, warm = fused(hall, adjustments=Adjustments(warmth=50))
    assert np.median(warm[..., 0] / warm[..., 2]) > 1.2 * np.median(plain[..., 0] / plain[..., 2])
    _, vivid = fused(hall, adjustments=Adjustments(saturation=60))
    assert np.ptp(vivid, axis=2).mean() > 1.15 * np.ptp(plain, axis=2).mean()


def test_ultra_hdr_has_the_colours_of_its_base(hall: Path) -> None:
    fused(hall, formats=("png", "avif", "uhdr"), adjustments=Adjustments(saturation=-100))
    hdr = imagecodecs.ultrahdr_decode((hall.parent / "out" / "hall.uhdr.jpg").read_bytes())[..., :3].astype(np.float32)
    assert np.ptp(hdr, axis=2).max() < 0.05 * hdr.max()


@pytest.mark.parametrize("exposure", [0, -1])
def test_a_display_picture_is_shown_as_it_is(hall: Path, exposure: float) -> None:
    picture, hdr = fused(hall, model="mertens", adjustments=Adjustments(exposure=exposure))
    assert np.abs(hdr - picture).mean() < 0.01
    assert hdr.max() < 1.05


@pytest.mark.parametrize(("gain", "expected"), [(0.25, 4.0), (3.0, 1 / 3), (0.0, 1.0)])
def test_the_scale_is_that_of_the_middle_tones_alone(gain: float, expected: float) -> None:
    shown = np.full((9, 11, 3), 0.18, np.float32)
    light = shown * np.float32(gain)
    shown[:3], light[:3] = 1, 40  # lights, compressed
    shown[3], light[3] = 0.001, 0  # and shadows
    assert middle_tones.common_scale(shown, light) == pytest.approx(expected)
