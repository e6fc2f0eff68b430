"""TMQI against its definition written out window by window, and what it must say of pictures one can judge by eye."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hdrcli.errors import MetricError
from hdrcli.metrics.tmqi import tmqi
from hdrcli.transfer import linear_to_srgb

HEIGHT, WIDTH = 163, 178  # halved to odd sizes, and blocks that stick out both ways
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def scene() -> np.ndarray:
    """(H, W, 3) linear light over eight stops, with texture at every scale."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    random = np.random.default_rng(3)
    waves = sum(np.sin(x / p + 1.7 * k) * np.cos(y / (p + 1)) for k, p in enumerate((1.3, 4.0, 11.0, 37.0)))
    light = 2 ** (1.2 * waves + 0.5 * random.normal(size=waves.shape))
    return light[..., None] * np.array([1.0, 0.8, 0.6])


def picture(light: np.ndarray, exposure: float = 0.02) -> np.ndarray:
    """A display picture of it in 8 bits: compressed by x / (1 + x), and a little noisy."""
    noisy = light * np.random.default_rng(4).uniform(0.9, 1.1, light.shape) * exposure * 8
    return np.round(linear_to_srgb(noisy / (1 + noisy)) * 255) / 255


def halved(plane: np.ndarray) -> np.ndarray:
    rows, columns = plane.shape
    return np.array(
        [
            [
                sum(plane[min(i + a, rows - 1), min(j + b, columns - 1)] for a in (0, 1) for b in (0, 1)) / 4
                for j in range(0, columns, 2)
            ]
            for i in range(0, rows, 2)
        ]
    )


def structure_by_loops(p: np.ndarray, s: np.ndarray) -> float:
    distance = np.arange(-5, 6) ** 2
    window = np.exp(-(distance[:, None] + distance) / (2 * 1.5**2))
    window /= window.sum()
    product = 1.0
    for scale, weight in enumerate(WEIGHTS):
        f = 16 / 2**scale
        threshold = 128 / (1.4 * 260 * (0.0192 + 0.114 * f) * math.exp(-((0.114 * f) ** 1.1)))
        total = []
        for i in range(p.shape[0] - 10):
            for j in range(p.shape[1] - 10):
                a, b = p[i : i + 11, j : j + 11], s[i : i + 11, j : j + 11]
                da, db = a - (window * a).sum(), b - (window * b).sum()
                sa, sb = math.sqrt((window * da * da).sum()), math.sqrt((window * db * db).sum())
                va, vb = (0.5 * math.erfc((threshold - d) / (threshold / 3 * math.sqrt(2))) for d in (sa, sb))
                contrast = (2 * va * vb + 0.01) / (va * va + vb * vb + 0.01)
                total.append(contrast * ((window * da * db).sum() + 10) / (sa * sb + 10))
        product *= (sum(total) / len(total)) ** weight
        p, s = halved(p), halved(s)
    return product


def naturalness_by_loops(p: np.ndarray) -> float:
    spread = 0.0
    for i in range(0, p.shape[0], 11):
        for j in range(0, p.shape[1], 11):
            inside = p[i : i + 11, j : j + 11]
            values = [*inside.ravel(), *[0.0] * (121 - inside.size)]
            mean = sum(values) / 121
            spread += inside.size * math.sqrt(sum((v - mean) ** 2 for v in values) / 120)
    d = spread / p.size / 64.29
    beta = [x**3.4 * (1 - x) ** 9.1 for x in (d, 3.4 / 12.5)]
    return beta[0] / beta[1] * math.exp(-((p.mean() - 115.94) ** 2) / (2 * 27.99**2))


def test_the_figures_are_those_of_the_definition() -> None:
    light = scene()
    shown = picture(light)
    weights = np.array([0.2126, 0.7152, 0.0722])
    p, s = shown @ weights * 255, light @ weights
    s = (s - s.min()) * round((2**32 - 1) / (s.max() - s.min()))
    structure, naturalness = structure_by_loops(p, s), naturalness_by_loops(p)
    found = tmqi(shown, light)
    assert 0.2 < structure < 0.97
    assert 0.05 < naturalness < 1
    assert found.structure == pytest.approx(structure, abs=1e-9)
    assert found.naturalness == pytest.approx(naturalness, abs=1e-9)
    assert found.q == pytest.approx(0.8012 * structure**0.3046 + 0.1988 * naturalness**0.7088, abs=1e-9)


def test_8_bit_pictures_give_the_same_figures_in_float32() -> None:
    light = scene()
    assert tmqi(picture(light).astype(np.float32), light) == tmqi(picture(light), light)


def test_the_unit_of_the_truth_does_not_matter() -> None:
    light = scene()
    assert tmqi(picture(light), light * 2048).q == pytest.approx(tmqi(picture(light), light).q, abs=1e-6)


def test_a_tone_mapped_picture_is_better_than_a_clipped_a_dark_or_a_negative_one() -> None:
    light = scene()
    good = tmqi(picture(light), light)
    assert good.q > tmqi(linear_to_srgb(np.clip(light, 0, 1)), light).q + 0.1
    assert good.naturalness > 5 * tmqi(picture(light, 0.005), light).naturalness
    assert tmqi(1 - picture(light), light).structure < 0.2 * good.structure


def test_flat_areas_are_flat_whatever_the_rounding() -> None:
    """Half of both is flat, as where light is clipped: faithful, and not by the luck of the level's last digits."""
    light, shown = scene(), picture(scene())
    shown[:, WIDTH // 2 :] = 0.9
    found = []
    for level in (5.1, 6.3, 7.77, 9.4, 10.1):
        light[:, WIDTH // 2 :] = level
        found.append(tmqi(shown, light).structure)
    assert min(found) > 0.95
    assert max(found) - min(found) < 0.02


def test_a_flat_picture_has_no_worth_and_a_flat_truth_is_no_scene() -> None:
    light = scene()
    flat = tmqi(np.full(light.shape, 0.5), light)
    assert flat.structure < 0.05
    assert flat.naturalness < 0.05
    with pytest.raises(MetricError, match="flat"):
        tmqi(picture(light), np.full(light.shape, 0.3))


@pytest.mark.parametrize(
    ("shown", "truth", "words"),
    [
        (np.zeros((160, 200, 3)), np.zeros((160, 200, 3)), "needs 161 pixels .* 200 x 160"),
        (np.zeros((170, 200, 3)), np.zeros((200, 170, 3)), "picture is .170, 200. and the truth .200, 170."),
        (np.zeros((170, 200)), np.zeros((170, 200)), "takes RGB"),
        (np.full((170, 200, 3), 128.0), scene()[:1].repeat(170, 0)[:, :1].repeat(200, 1), r"leave \[0, 1\]"),
        (np.full((170, 200, 3), np.nan), np.ones((170, 200, 3)), "picture holds values that are not finite"),
        (np.zeros((170, 200, 3)), np.full((170, 200, 3), np.inf), "truth holds values that are not finite"),
        (np.zeros((170, 200, 3)), np.full((170, 200, 3), -1.0), "negative"),
    ],
)
def test_what_cannot_be_judged_is_said(shown: np.ndarray, truth: np.ndarray, words: str) -> None:
    with pytest.raises(MetricError, match=words) as found:
        tmqi(shown, truth)
    assert found.value.hint
