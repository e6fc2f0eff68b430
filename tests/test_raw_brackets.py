"""RAW brackets against the light they were made of, from files to the radiance map. `pytest -s` prints the figures."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import hdrcli
from hdrcli import readers
from tests.readers.cameras import Camera

TIMES = [Fraction(1, 256), Fraction(1, 64), Fraction(1, 16), Fraction(1, 4), Fraction(1)]
CAMERAS = {
    "16 bits, noise": Camera(shot=2e-5, read=1e-7),
    "12 bits, noise": Camera(black=(250, 256, 260, 262), white=4000, bits=12, shot=2e-5, read=1e-7),
}
INSIDE = np.s_[8:-8, 8:-8]


def smooth_light(height: int = 160, width: int = 240) -> np.ndarray:
    """(H, W, 3) light of 11 stops and gentle colours: the longest frame sees the least at 0.1, the shortest all."""
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
    brightness = 0.1 * 2 ** (11 * (0.8 * x + 0.2 * y))
    colours = [1 + 0.4 * np.sin(5 * y + 3 * x), np.ones_like(x), 1 - 0.4 * np.sin(4 * x - 3 * y)]
    return brightness[..., None] * np.stack(colours, -1)


def lamps(light: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The same light with a grey lamp with soft edges that reaches `level`, and where it is 99 % of it."""
    height, width, _ = light.shape
    y, x = np.mgrid[:height, :width]
    shape = np.clip(1.6 - np.hypot(x - width / 3, y - height / 2) / 16, 0, 1)[..., None] ** 2
    return light * (1 - shape) + level * shape, shape[..., 0] > 0.99


def bracket(folder: Path, camera: Camera, light: np.ndarray, orientation: int = 1) -> list[Path]:
    folder.mkdir()
    return [
        camera.write(folder / f"{i}.dng", light, time, seed=i, orientation=orientation) for i, time in enumerate(TIMES)
    ]


def fused(folder: Path, **options: object) -> np.ndarray:
    """The radiance map of a bracket's folder, in units of the light that saturates a frame of a second."""
    report = hdrcli.fuse(
        folder, model="debevec", formats=("exr",), output=folder / "fused", reference=5, align="off", **options
    )
    assert not report.failed, report.failed[0].error
    return readers.read_scene(report.brackets[0].outputs[0])


@pytest.mark.parametrize("name", CAMERAS)
def test_radiance_from_files(name: str, tmp_path: Path) -> None:
    light = smooth_light()
    bracket(tmp_path / "a", CAMERAS[name], light)
    stops = np.log2(fused(tmp_path / "a") / light)[INSIDE]
    error, casts = np.sqrt(np.mean(stops**2)), np.median(stops, (0, 1)) - np.median(stops)
    print(f"\n{name}: radiance {error:.4f} stops RMS; casts of R, G and B {np.round(casts, 4)} stops")  # noqa: T201
    assert error < 0.03
    assert abs(casts).max() < 0.01
    assert abs(np.median(stops)) < 0.01


def test_ratios_of_frames(tmp_path: Path) -> None:
    frames = [readers.read(path) for path in bracket(tmp_path / "a", CAMERAS["16 bits, noise"], smooth_light())]
    for one, other in pairwise(frames):
        clear = ~(one.saturated | other.saturated) & (one.pixels.min(-1) > 0.02)
        ratio = other.pixels[clear].sum(0) / one.pixels[clear].sum(0)
        print(f"\n{other.name} : {one.name} = {np.round(ratio, 4)}, want 4")  # noqa: T201
        np.testing.assert_allclose(ratio, 4, rtol=0.005)


def test_shadows_have_the_mean_of_their_light(tmp_path: Path) -> None:
    # read noise of five times the light: clipped at black, its mean would be 2.5 times as high
    camera = Camera(shot=0, read=1e-4)
    frame = readers.read(camera.write(tmp_path / "a.dng", np.full((192, 256, 3), 2e-3)))
    means = frame.pixels.mean((0, 1))
    print(f"\nmeans of noisy light of 0.002: {np.round(means, 5)}")  # noqa: T201
    np.testing.assert_allclose(means, 2e-3, atol=1e-3)


@pytest.mark.parametrize("level", [150.0, 400.0, 5000.0])
def test_highlights_are_neutral(level: float, tmp_path: Path) -> None:
    # 256 saturates the first channel of the darkest frame, 557 the last one
    light, lamp = lamps(smooth_light() / 8, level)
    bracket(tmp_path / "a", CAMERAS["16 bits, noise"], light)
    merged = fused(tmp_path / "a")
    stops = np.log2(np.maximum(merged, 1e-6) / np.maximum(merged.mean(-1, keepdims=True), 1e-6))
    seen = np.median(merged[lamp], 0)
    print(f"\ngrey lamp of {level:g}: {np.round(seen, 1)}; cast {np.abs(np.median(stops[lamp], 0)).max():.4f} stops")  # noqa: T201
    assert np.abs(np.median(stops[lamp], 0)).max() < 0.01
    np.testing.assert_allclose(seen, min(level, 256 / Camera().neutral.min()), rtol=0.02)
    rim = (np.ptp(light, axis=-1) < 0.02 * light.mean(-1)) & (light.mean(-1) > level / 20) & ~lamp
    print(f"its rim: {np.abs(stops[rim]).max():.3f}")  # noqa: T201
    assert np.abs(stops[rim]).max() < 0.5
