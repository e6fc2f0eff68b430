"""What RAW files make of the sensor's values: arrays of filters, saturation, noise, orientation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hdrcli import noise, readers
from hdrcli.development import DEMOSAICS, Development
from hdrcli.errors import ReadError
from hdrcli.readers.raw import _in_codes
from tests.readers.cameras import X_TRANS, Camera

INSIDE = np.s_[8:-8, 8:-8]


def gentle_light(height: int = 64, width: int = 96) -> np.ndarray:
    """(H, W, 3) light from 0.2 to 0.8, red to the left and blue to the right."""
    x = np.broadcast_to(np.linspace(0, 1, width), (height, width))
    return np.stack([0.8 - 0.5 * x, 0.5 - 0.2 * x, 0.2 + 0.6 * x], -1)


@pytest.mark.parametrize("demosaic", DEMOSAICS)
def test_all_algorithms_give_smooth_colours_back(demosaic: str, tmp_path: Path) -> None:
    path = Camera().write(tmp_path / "a.dng", gentle_light())
    pixels = readers.read(path, Development(demosaic=demosaic)).pixels
    np.testing.assert_allclose(pixels[INSIDE], gentle_light()[INSIDE], rtol=0.02)


def test_algorithms_are_those_of_the_wheel() -> None:
    import rawpy

    assert {one.name.lower() for one in rawpy.DemosaicAlgorithm if one.isSupported} == set(DEMOSAICS)


def test_x_trans(tmp_path: Path) -> None:
    light = gentle_light(512, 516)  # LibRaw takes no smaller ones
    path = Camera(black=(500,) * 4, filters=X_TRANS).write(tmp_path / "a.dng", light)
    pixels = readers.read(path).pixels
    np.testing.assert_allclose(pixels[INSIDE], light[INSIDE], rtol=0.02)


def test_linear_dng(tmp_path: Path) -> None:
    light = gentle_light() * 2.2
    exposure = readers.read(Camera().write(tmp_path / "a.dng", light, linear=True))
    saturated = (Camera().channels(light) >= 0.995).any(-1)
    assert 0.05 < saturated.mean() < 0.95
    assert exposure.saturated is not None
    assert (exposure.saturated == saturated).mean() > 0.98
    clear = ~exposure.saturated
    np.testing.assert_allclose(exposure.pixels[clear], light[clear], rtol=2e-3)


def test_orientation_is_applied_once_to_pixels_and_mask(tmp_path: Path) -> None:
    light = gentle_light() * np.linspace(0.1, 4, 64)[:, None, None]
    plain = readers.read(Camera().write(tmp_path / "a.dng", light))
    turned = readers.read(Camera().write(tmp_path / "b.dng", light, orientation=6))
    assert plain.saturated is not None
    assert turned.saturated is not None
    assert 0.05 < plain.saturated.mean() < 0.95
    np.testing.assert_array_equal(turned.pixels, np.rot90(plain.pixels, -1))
    np.testing.assert_array_equal(turned.saturated, np.rot90(plain.saturated, -1))


def test_what_one_channel_still_sees_is_kept(tmp_path: Path) -> None:
    light = np.broadcast_to([1.7, 0.5, 0.4], (64, 96, 3))
    assert Camera().channels(light).max() < 0.99
    exposure = readers.read(Camera().write(tmp_path / "a.dng", light))
    assert exposure.saturated is not None
    assert not exposure.saturated.any()
    np.testing.assert_allclose(exposure.pixels[INSIDE], light[INSIDE], rtol=0.01)


def test_saturation_is_where_a_sensor_value_is_at_white(tmp_path: Path) -> None:
    light = np.full((64, 96, 3), 0.4)
    light[30:34, 40:44] = 1.02  # of these only green saturates
    exposure = readers.read(Camera().write(tmp_path / "a.dng", light))
    assert exposure.saturated is not None
    assert exposure.saturated[30:34, 40:44].all()
    rows, columns = np.nonzero(exposure.saturated)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (29, 34, 39, 44)


def test_a_sensor_that_ends_below_its_white_is_seen_to(tmp_path: Path) -> None:
    from pidng.core import Tag

    light = np.linspace(0.2, 6, 96 * 64).reshape(64, 96, 1).repeat(3, -1)
    camera = Camera(white=14000, shot=1e-5)
    exposure = readers.read(camera.write(tmp_path / "a.dng", light, tags={Tag.WhiteLevel: 16000}))
    assert exposure.saturated is not None
    level = (14000 - 520) / (16000 - 520)
    assert exposure.saturated[light[..., 0] > 1.02].all()
    assert not exposure.saturated[light[..., 0] < 0.6].any()
    clipped = light[..., 0] > 1.1 / camera.neutral.min()
    np.testing.assert_allclose(exposure.pixels[clipped], level / camera.neutral.min(), rtol=0.01)


def test_bright_noise_is_not_taken_for_saturation(tmp_path: Path) -> None:
    light = np.linspace(0.5, 0.9, 96 * 64).reshape(64, 96, 1).repeat(3, -1)
    exposure = readers.read(Camera(shot=1e-5).write(tmp_path / "a.dng", light))
    assert exposure.saturated is not None
    assert not exposure.saturated.any()


@pytest.mark.parametrize("linear", [False, True])
def test_a_covered_lens_is_an_error_and_a_lamp_at_night_is_none(linear: bool, tmp_path: Path) -> None:
    camera = Camera(read=1e-5)  # black differs from place to place by more than a noiseless frame's values
    light = np.zeros((256, 256, 3))
    light[9, ::37] = 1  # hot pixels
    for number, read_noise in enumerate((0.0, 1e-5)):
        path = replace(camera, read=read_noise).write(tmp_path / f"{number}.dng", light, linear=linear)
        with pytest.raises(ReadError, match=r"\d\.dng decodes to black"):
            readers.read(path)
    light[100:103, 50:53] = 1
    readers.read(camera.write(tmp_path / "lamp.dng", light, linear=linear))
    readers.read(camera.write(tmp_path / "dim.dng", np.full((256, 256, 3), 0.003), linear=linear))


@pytest.mark.parametrize("level", [0.003, 0.02, 0.5])
def test_noise_is_as_the_file_tells(level: float, tmp_path: Path) -> None:
    camera = Camera(shot=4e-4, read=1e-5, tells_noise=True)
    exposure = readers.read(camera.write(tmp_path / "a.dng", np.full((128, 192, 3), level), linear=True))
    assert exposure.noise is not None
    measured = exposure.pixels.var((0, 1)).mean()
    told = noise.variance(np.float32(level), exposure)
    print(f"\nlight {level}: variance {measured:.3e}, told {told:.3e}")  # noqa: T201
    assert measured == pytest.approx(told, rel=0.05)


def test_noise_is_unknown_without_a_profile(tmp_path: Path) -> None:
    assert readers.read(Camera().write(tmp_path / "a.dng", gentle_light())).noise is None


@pytest.mark.parametrize("light", [np.full((4, 5, 3), 0.25), np.random.default_rng(1).normal(0.5, 1, (40, 50, 3))])
def test_codes_of_light_err_by_half_a_step(light: np.ndarray) -> None:
    codes, table = _in_codes(light.astype(np.float32))
    assert codes.dtype == np.uint16
    assert np.abs(table[codes] - light).max() <= 0.51 * np.ptp(light) / 65535 + 1e-6
