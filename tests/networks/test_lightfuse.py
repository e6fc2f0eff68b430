"""LightFuse against a module checked equal to its authors' graph, and its numbers against the published ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from hdrcli.image import Bracket, DisplayImage, Exposure
from hdrcli.networks import lightfuse
from hdrcli.networks.lightfuse import LightFuse
from hdrcli.transfer import srgb_to_linear
from tests import formula

REFERENCE = np.load(Path(__file__).parent / "lightfuse_reference.npz")


def bracket_of(*frames: np.ndarray, encoding: str = "srgb") -> Bracket:
    exposures = tuple(Exposure(frame.astype(np.float32), encoding, str(e)) for e, frame in enumerate(frames))  # type: ignore[arg-type]
    return Bracket("b", exposures, 0, None)


def test_picture_equals_the_reference() -> None:
    module = LightFuse(*(int(width) for width in REFERENCE["widths"])).eval()
    with torch.no_grad():
        for name, value in module.named_parameters():
            value.copy_(formula.parameter(f"lightfuse.{name}", tuple(value.shape)))
    height, width, tag = int(REFERENCE["height"]), int(REFERENCE["width"]), str(REFERENCE["tag"])
    under = 0.4 * formula.picture(f"{tag}u", 3, height, width)
    over = np.clip(1.5 * formula.picture(f"{tag}o", 3, height, width), 0, 1)
    planes = np.asarray(lightfuse.planes(bracket_of(under.transpose(1, 2, 0), over.transpose(1, 2, 0)), module))
    without_border = np.ascontiguousarray(planes[:, 8:-8, 8:-8])
    with torch.inference_mode():
        made = module(torch.from_numpy(without_border)[None], {})[0].numpy()
    difference = float(np.abs(made - REFERENCE["fused"]).max())
    print(f"\nLightFuse: largest difference to the reference {difference:.2e}")  # noqa: T201
    assert difference <= 1e-5


def test_published_numbers_of_parameters_and_operations() -> None:
    module = LightFuse()
    assert sum(p.numel() for p in module.parameters()) == 18_630  # Table III of the paper
    operations = 0

    def count(conv: torch.nn.Conv2d, inputs: object, output: torch.Tensor) -> None:
        nonlocal operations
        operations += 2 * conv.weight[0].numel() * output[0].numel()  # a multiplication and an addition each

    for part in module.modules():
        if isinstance(part, torch.nn.Conv2d):
            part.register_forward_hook(count)
    module(torch.rand(1, 6, 64, 48), {})
    assert operations == 36_260 * 64 * 48  # the paper's W x H x 36,260


def same_by_definition(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """TensorFlow's documented "same" for a 3 x 3 kernel and stride 2, tap by tap, on a (H, W) map."""
    made = np.zeros([-(-side // 2) for side in x.shape])
    before = [max((out - 1) * 2 + 3 - side, 0) // 2 for out, side in zip(made.shape, x.shape, strict=True)]
    for place in np.ndindex(*made.shape):
        for tap in np.ndindex(3, 3):
            y, x_ = (2 * place[axis] + tap[axis] - before[axis] for axis in (0, 1))
            if 0 <= y < x.shape[0] and 0 <= x_ < x.shape[1]:
                made[place] += kernel[tap] * x[y, x_]
    return made


@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 8), (8, 5), (9, 11), (1, 2), (2, 1)])
def test_padding_is_tensorflows_same(height: int, width: int) -> None:
    random = np.random.default_rng(height * 100 + width)
    x, kernel = random.normal(size=(height, width)), random.normal(size=(3, 3))
    padded = lightfuse.pad_same(torch.from_numpy(x)[None, None])
    made = torch.nn.functional.conv2d(padded, torch.from_numpy(kernel)[None, None], stride=2)[0, 0].numpy()
    np.testing.assert_allclose(made, same_by_definition(x, kernel), atol=1e-12)


@pytest.mark.parametrize(("row", "column", "seen"), [(8, 16, [(0, 1), (0, 2), (1, 1), (1, 2)]), (15, 15, [(1, 1)])])
def test_a_block_sees_seven_pixels_beyond_its_lower_right_and_none_before_it(
    row: int, column: int, seen: list[tuple[int, int]]
) -> None:
    module = lightfuse.GlobalNet()
    with torch.no_grad():
        for value in module.parameters():
            value.fill_(1.0 if value.ndim > 1 else 0.0)
    point = torch.zeros(1, 6, 32, 32)
    point[..., row, column] = 1
    # block i covers rows 8i ... 8i+14: a point in row 8 is seen by blocks 0 and 1, one in row 15 by block 1 alone
    assert [tuple(place) for place in module(point)[0, 0].detach().nonzero().tolist()] == seen


def test_each_frame_is_stretched_as_a_whole() -> None:
    dark = np.full((5, 7, 3), 0.1)
    dark[1, 2, 0], dark[3, 4, 2] = 0.05, 0.3  # least and largest in different channels
    bright = np.full((5, 7, 3), 0.9)
    bright[0, 0, 1] = 0.5
    planes = np.asarray(lightfuse.planes(bracket_of(dark, bright), LightFuse(2, 2)))
    assert (planes.shape, planes.dtype) == ((6, 5 + 16, 7 + 16), np.float32)
    np.testing.assert_array_equal(planes[:, :8], planes[:, 8:9].repeat(8, 1))  # the border repeats the outermost pixels
    inside = planes[:, 8:-8, 8:-8]
    np.testing.assert_allclose(inside[:3], (dark.transpose(2, 0, 1) - 0.05) / 0.25, atol=1e-6)
    np.testing.assert_allclose(inside[3:], (bright.transpose(2, 0, 1) - 0.5) / 0.4, atol=1e-6)
    linear = bracket_of(srgb_to_linear(dark), srgb_to_linear(bright), encoding="linear")
    np.testing.assert_allclose(lightfuse.planes(linear, LightFuse(2, 2)), planes, atol=1e-5)


def test_a_flat_frame_does_not_divide_by_zero() -> None:
    planes = np.asarray(lightfuse.planes(bracket_of(np.zeros((4, 4, 3)), np.ones((4, 4, 3))), LightFuse(2, 2)))
    assert (planes == 0).all()


def test_last_layer_stays_in_single_precision_under_autocast() -> None:
    module = LightFuse(8, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert module(torch.rand(1, 6, 16, 16), {}).dtype == torch.float32


def test_result_is_a_display_image_in_range() -> None:
    ramp = np.linspace(-0.5, 1.5, 60, dtype=np.float32).reshape(3, 4, 5)
    image = lightfuse.finish(ramp, bracket_of(*np.zeros((2, 4, 5, 3))))
    assert isinstance(image, DisplayImage)
    assert image.pixels.shape == (4, 5, 3)
    assert (image.pixels.min(), image.pixels.max()) == (0, 1)
    assert image.pixels[0, 1, 2] == pytest.approx(-0.5 + 2 / 59 * 41, abs=1e-6)  # channel 2, row 0, column 1
