"""Colours of RAW files against a ColorChecker's published values, and against LibRaw's own.

colorchecker_g2.dng is the chart in CRW_0304.CRW, a photograph by a Canon PowerShot G2 in the Digicam Corpus of
T. Thorsted (CC0 1.0): every fourth 2 x 2 cell of the sensor's own values, with the camera's white balance and name, and
without a matrix, as the CRW has none.
"""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
import rawpy
from skimage.color import deltaE_ciede2000, xyz2lab

from hdrcli import readers
from hdrcli.development import Development
from hdrcli.transfer import srgb_to_linear
from tests.readers.cameras import SRGB_TO_XYZ, Camera
from tests.readers.samples import write_dng

CHART = Path(__file__).parent / "colorchecker_g2.dng"

COLOURS = """
    735244 c29682 627a9d 576c43 8580b1 67bdaa
    d67e2c 505ba6 c15a63 5e3c6c 9dbc40 e0a32e
    383d96 469449 af363c e7c71f bb5695 0885a1
    f3f3f2 c8c8c8 a0a0a0 7a7a79 555555 343434
"""
"""sRGB of the 24 patches (X-Rite, ColorChecker Classic)."""

GREYS = slice(19, 23)
"""The patches that are neither white nor black."""


def lab(linear: np.ndarray) -> np.ndarray:
    """CIELAB of linear sRGB."""
    return xyz2lab((linear @ SRGB_TO_XYZ.T)[None])[0]


def patches(pixels: np.ndarray) -> np.ndarray:
    """(24, 3) medians of the chart's patches."""
    across, down = np.linspace(28, 435, 6).round().astype(int), np.linspace(26, 266, 4).round().astype(int)
    return np.array(
        [np.median(pixels[y - 8 : y + 9, x - 8 : x + 9].reshape(-1, 3), axis=0) for y in down for x in across]
    )


def test_colours_of_a_chart_are_those_that_its_maker_publishes() -> None:
    seen, wanted = (
        patches(readers.read(CHART).pixels),
        srgb_to_linear(np.frombuffer(bytes.fromhex(COLOURS), np.uint8).reshape(24, 3) / 255),
    )
    seen *= wanted[GREYS].mean(0) / seen[GREYS].mean(0)  # the light's colour and strength
    assert deltaE_ciede2000(lab(seen), lab(wanted)).mean() < 3.3  # in the camera's own primaries 6.1


@pytest.mark.parametrize("source", ["matrix of LibRaw's", "matrix of the file's"])
def test_colours_are_those_of_libraw(source: str, tmp_path: Path) -> None:
    """Means of squares where LibRaw clips nothing at black; the interpolation is the same."""
    path = CHART
    if source == "matrix of the file's":
        light = cv2.GaussianBlur(np.random.default_rng(1).uniform(0.02, 0.5, (128, 192, 3)), (0, 0), 3)
        path = Camera(black=(512,) * 4).write(tmp_path / "a.dng", light)
    with rawpy.imread(str(path)) as raw:
        linear = rawpy.DemosaicAlgorithm.LINEAR
        made = raw.postprocess(
            demosaic_algorithm=linear, use_camera_wb=True, gamma=(1, 1), output_bps=16, no_auto_bright=True,
            adjust_maximum_thr=0,
        )  # fmt: skip
    made, read = made.astype(np.float32) / 65535, readers.read(path, Development(demosaic="linear")).pixels
    unclipped = cv2.erode(made.min(-1), np.ones((9, 9)))[8:-8:8, 8:-8:8] > 0
    theirs, ours = (cv2.blur(pixels, (9, 9))[8:-8:8, 8:-8:8][unclipped] for pixels in (made, read))
    assert unclipped.mean() > 0.5
    scale = (ours * theirs).sum() / (theirs * theirs).sum()
    np.testing.assert_allclose(ours, scale * theirs, atol=1e-4)


def test_a_camera_that_nobody_has_a_matrix_of_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from pidng.core import Tag
    from pidng.defs import PhotometricInterpretation

    raw = np.random.default_rng(1).integers(1000, 9000, (64, 96)).astype(np.uint16)
    kind = {
        Tag.PhotometricInterpretation: PhotometricInterpretation.Color_Filter_Array,
        Tag.SamplesPerPixel: 1,
        Tag.BitsPerSample: 16,
        Tag.BlackLevel: 500,
        Tag.WhiteLevel: 16000,
        Tag.CFARepeatPatternDim: [2, 2],
        Tag.CFAPattern: [0, 1, 1, 2],
        Tag.AsShotNeutral: [[1, 2], [1, 1], [2, 3]],
    }
    path = write_dng(tmp_path / "a.dng", raw, kind)
    with caplog.at_level(logging.WARNING, "hdrcli"):
        readers.read(path)
    assert "LibRaw has no colour matrix for Acme Roadrunner" in caplog.text
