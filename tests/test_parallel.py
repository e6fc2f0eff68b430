"""Pictures made strip by strip, against the same computation done whole."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from hdrcli import parallel, pyramids, strips
from hdrcli.classical import mertens
from hdrcli.contracts import OutputInfo
from hdrcli.image import Bracket, Exposure
from hdrcli.sampling import averaged
from hdrcli.tone_mapping import _local_laplacian
from hdrcli.writers import png

SIZES = [(1, 1), (1, 9), (2, 3), (37, 53), (64, 40), (65, 31), (130, 17)]


@pytest.fixture
def tiny_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strips of two rows, in three threads."""
    monkeypatch.setattr(strips, "PIXELS", 1)
    monkeypatch.setattr(parallel, "cores", lambda: 3)


def picture(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).random(shape, np.float32)


@pytest.mark.parametrize("size", SIZES)
def test_strips_are_all_rows_once_and_begin_at_even_ones(size: tuple[int, int]) -> None:
    rows = strips.strips(*size, pixels=100)
    assert np.concatenate([np.arange(size[0])[one] for one in rows]).tolist() == list(range(size[0]))
    assert all(one.start % 2 == 0 for one in rows)


def test_results_come_in_order_and_errors_come_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "cores", lambda: 4)
    assert parallel.each(lambda number: number**2, range(50)) == [number**2 for number in range(50)]
    with pytest.raises(ZeroDivisionError):
        parallel.each(lambda number: 1 / number, [2, 1, 0])


@pytest.mark.usefixtures("tiny_strips")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [(), (3,)])
def test_a_pyramid_in_strips_is_the_whole_one(size: tuple[int, int], channels: tuple[int, ...]) -> None:
    layers = [picture(*size, *channels), np.square(picture(*size, *channels)[::-1])]
    guide = np.ascontiguousarray(picture(*size)[:, ::-1])
    levels = pyramids.depth(*size)
    made = pyramids.blended(
        lambda rows: ([layer[rows] for layer in layers], [guide[rows]]),
        (2, 1),
        layers[0].shape,
        lambda guides: [guides[0], 1 - guides[0]],
        lambda tops, guides: tops[0] - guides[0].reshape(guides[0].shape + (1,) * len(channels)),
        levels,
    )
    assert np.array_equal(made, whole(layers, guide, levels))


def whole(layers: list[np.ndarray], guide: np.ndarray, levels: int) -> np.ndarray:
    """The same by Burt and Adelson's recursion, each level at once."""
    spread = guide.reshape(guide.shape + (1,) * (layers[0].ndim - 2))
    if levels == 0:
        return layers[0] - spread
    halves = [cv2.pyrDown(layer) for layer in layers]
    size = guide.shape[::-1]
    bands = [layer - cv2.pyrUp(half, dstsize=size) for layer, half in zip(layers, halves, strict=True)]
    smaller = whole(halves, cv2.pyrDown(guide), levels - 1)
    return bands[0] * spread + bands[1] * (1 - spread) + cv2.pyrUp(smaller, dstsize=size)


def test_fusers_do_not_depend_on_the_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = np.round(picture(67, 45, 3) * 255).astype(np.uint8)
    valid = np.ones((67, 45), bool)
    valid[20:33, :9] = False
    frames = (Exposure(codes // 4, "srgb", "a"), Exposure(codes, "srgb", "b", valid=valid))
    bracket, light = Bracket("b", frames, 0), np.log2(picture(67, 45) + 0.01)

    def made() -> list[np.ndarray]:
        compressed = _local_laplacian.shown(light, lambda stops: stops / 2, -6, 0)
        return [mertens.fuse(bracket).pixels, compressed]

    at_once = made()
    monkeypatch.setattr(strips, "PIXELS", 1)
    monkeypatch.setattr(parallel, "cores", lambda: 3)
    assert all(np.array_equal(one, other) for one, other in zip(made(), at_once, strict=True))


@pytest.mark.parametrize("bit_depth", [8, 16])
def test_a_png_in_strips_holds_the_picture(bit_depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = picture(37, 53, 3)
    at_once = png.encode(pixels, OutputInfo(), bit_depth)
    monkeypatch.setattr(png, "_STRIP_PIXELS", 53 * 6)
    monkeypatch.setattr(parallel, "cores", lambda: 3)
    in_strips = png.encode(pixels, OutputInfo(), bit_depth)
    assert in_strips.count(b"IDAT") > 5
    for file in (at_once, in_strips):
        read = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(read[..., ::-1], np.rint(pixels * np.float32(2**bit_depth - 1)))
        Image.open(io.BytesIO(file)).load()


@pytest.mark.usefixtures("tiny_strips")
@pytest.mark.parametrize("size", [(53, 37), (20, 11), (7, 37), (1, 1)])
def test_a_frame_made_small_in_strips_is_the_whole_one_made_small(size: tuple[int, int]) -> None:
    frame = Exposure(np.round(picture(37, 53, 3) * 255).astype(np.uint8), "srgb", "a")
    whole = cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(averaged(frame, size), whole, atol=1e-6)
