"""Priors against OpenCV's pyramids, the classical exposure fusion, scikit-image and closed forms."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from scipy import signal
from skimage.color import rgb2ycbcr
from skimage.transform import pyramid_gaussian, resize
from torch import Tensor

from hdrcli import priors
from hdrcli.classical import mertens
from hdrcli.image import Bracket, Exposure


def tensor(pixels: np.ndarray) -> Tensor:
    """(H, W, 3) -> (1, 3, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32))[None]


def pixels(tensor: Tensor) -> np.ndarray:
    """(1, C, H, W) -> (H, W, C)."""
    return tensor[0].numpy().transpose(1, 2, 0)


def frames(height: int, width: int, smooth: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """An under- and an over-exposed frame of the same scene, with noise of their own."""
    generator = np.random.default_rng(7)
    scene = cv2.GaussianBlur(generator.random((height, width, 3)), (0, 0), smooth)
    scene = (scene - scene.min()) / np.ptp(scene)
    under, over = (scene * gain + generator.random(scene.shape) * 0.02 for gain in (0.4, 1.5))
    return under.clip(0, 1).astype(np.float32), over.clip(0, 1).astype(np.float32)


@pytest.mark.parametrize(("height", "width"), [(64, 96), (37, 53), (5, 3), (2, 64), (2, 2), (1, 1)])
def test_levels_are_opencvs(height: int, width: int) -> None:
    picture, _ = frames(height, width) if height > 2 else (np.full((height, width, 3), 0.3, np.float32), None)
    picture = picture + np.arange(width, dtype=np.float32)[:, None] / width
    np.testing.assert_allclose(pixels(priors.reduce(tensor(picture))), cv2.pyrDown(picture), atol=1e-6)
    for size in ((2 * height, 2 * width), (2 * height - 1, 2 * width - 1)):
        expected = cv2.pyrUp(picture, dstsize=size[::-1])
        np.testing.assert_allclose(pixels(priors.expand(tensor(picture), *size)), expected, atol=1e-6)


def test_weights_add_up_to_one_and_shun_what_is_blown_out() -> None:
    under, over = frames(40, 56)
    over[:20] = 1
    weights = priors.mertens_weights(tensor(under), tensor(over))
    assert weights.shape == (1, 2, 1, 40, 56)
    torch.testing.assert_close(weights.sum(1), torch.ones(1, 1, 40, 56))
    assert float(weights[:, 1, :, :19].max()) < 1e-3  # no contrast, no colour: 1e-12 of quality


def test_weights_of_a_pixel_by_hand() -> None:
    # a coloured pixel on grey ground
    under, over = np.full((3, 3, 3), 0.4), np.full((3, 3, 3), 0.5)
    under[1, 1], over[1, 1] = (0.5, 0.4, 0.6), (0.8, 0.7, 0.6)
    luma = [0.299 * 0.5 + 0.587 * 0.4 + 0.114 * 0.6, 0.299 * 0.8 + 0.587 * 0.7 + 0.114 * 0.6]
    contrast = [4 * (luma[0] - 0.4), 4 * (luma[1] - 0.5)]
    saturation = (0.02 / 3) ** 0.5  # of both: .1 below, at and above the mean
    exposedness = [np.exp(-0.02 / 0.08), np.exp(-(0.09 + 0.04 + 0.01) / 0.08)]
    quality = [saturation * contrast[f] * exposedness[f] for f in range(2)]
    found = priors.mertens_weights(tensor(under), tensor(over))[0, :, 0, 1, 1]
    np.testing.assert_allclose(found, np.array(quality) / sum(quality), rtol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(64, 192), (128, 64), (100, 75)])
def test_all_levels_together_are_the_classical_fusion(height: int, width: int) -> None:
    under, over = frames(height, width)
    depth = int(np.log2(min(height, width)))  # where the classical fuser stops
    levels = list(priors.priors(tensor(under), tensor(over), depth + 1))
    picture = levels[-1][1]  # of the coarsest level the content is all there is
    for detail, _ in levels[-2::-1]:
        picture = priors.expand(picture, *detail.shape[-2:]) + detail
    bracket = Bracket("b", (Exposure(under, "srgb", "u"), Exposure(over, "srgb", "o")), 1)
    # where neither frame has contrast, its rounding decides between them; elsewhere 1e-6
    np.testing.assert_allclose(pixels(picture).clip(0, 1), mertens.fuse(bracket).pixels, atol=1e-4)


def test_a_flat_picture_is_all_content() -> None:
    flat = torch.full((2, 3, 64, 128), 0.3)
    for level, (detail, content) in enumerate(priors.priors(flat, flat)):
        assert detail.shape == content.shape == (2, 3, 64 >> level, 128 >> level)
        assert float(detail.abs().max()) < 1e-6
        torch.testing.assert_close(content, torch.full_like(content, 0.3))


def authors_pyramid(picture: np.ndarray, depth: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The Gaussian levels of a picture, and each but the first brought back to the size of the one before."""
    axis = -1 if picture.ndim == 3 else None
    levels = list(pyramid_gaussian(picture, downscale=2, max_layer=depth - 1, channel_axis=axis))
    sizes = [level.shape[:2] for level in levels]
    pairs = zip(levels[1:], sizes, strict=False)
    return levels, [resize(level, size, order=1, anti_aliasing=False, preserve_range=True) for level, size in pairs]


def authors_fusion(under: np.ndarray, over: np.ndarray, depth: int) -> np.ndarray:
    """The fused picture, 0 … 255, in double precision with SciPy, scikit-image and OpenCV."""
    qualities = []
    for frame in (under * 255.0, over * 255.0):
        contrast = signal.convolve2d(frame @ [0.299, 0.587, 0.114], [[0, 1, 0], [1, -4, 1], [0, 1, 0]], mode="same")
        exposedness = np.exp(-0.4 * (frame - 0.5) ** 2 / 0.2**2).prod(-1)
        qualities.append(contrast * frame.std(-1) * exposedness + 1e-12)
    bands = [0.0] * depth
    for frame, quality in zip((under, over), qualities, strict=True):
        levels, expanded = authors_pyramid(frame.astype(float), depth)
        weights, _ = authors_pyramid(quality / sum(qualities), depth)
        for n in range(depth):
            band = levels[n] - expanded[n] if n < depth - 1 else levels[n]
            bands[n] = bands[n] + weights[n][..., None] * band
    picture = bands.pop()
    for band in reversed(bands):
        picture = cv2.resize(picture, band.shape[1::-1]) + band
    return picture.clip(0, 1) * 255


@pytest.mark.parametrize(("height", "width", "depth"), [(64, 128, 7), (192, 320, 7)])
def test_authors_priors_are_those_of_scikit_image(height: int, width: int, depth: int) -> None:
    under, over = frames(height, width, smooth=3)
    under[: height // 2] *= 0.02  # nearly black, where alone the authors' weights are not one half
    fused = authors_fusion(under, over, depth)
    levels, chroma = priors.authors_priors(tensor(under), tensor(over))
    found = np.round(pixels(levels[0][0] + levels[0][1]) * 255)  # detail and content of a level are the picture itself
    wrong = np.abs(found - np.floor(fused))  # where the last bit decides between two steps of the 255
    assert wrong.max() <= 1
    assert wrong.mean() < 2e-3
    expected, expanded = authors_pyramid(found / 255, 7)
    for n, (detail, content) in enumerate(levels):
        np.testing.assert_allclose(pixels(detail), expected[n] - expanded[n], atol=2e-6)
        np.testing.assert_allclose(pixels(content), expanded[n], atol=2e-6)
    np.testing.assert_allclose(pixels(chroma) * 255, rgb2ycbcr(found / 255)[..., 1:], atol=1e-3)
