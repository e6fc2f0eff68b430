"""Error maps: where they are bright, what their scale says, and the part they call worst."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hdrcli
from hdrcli.evaluation import maps
from tests.evaluation.images import light, write_exr


@pytest.mark.parametrize(("high", "top"), [(0.013, 0.02), (0.2, 0.2), (3.0, 5.0), (0.6, 1.0), (0.0, 1.0)])
def test_the_scale_ends_at_a_round_figure(high: float, top: float) -> None:
    assert maps.scale_top(np.full((10, 10), high, np.float32)) == pytest.approx(top)


def test_brightness_grows_evenly_with_the_error() -> None:
    drawn = maps.coloured(np.linspace(0, 1.2, 120)[None].astype(np.float32), 1.0)[0].astype(float)
    lightness = drawn @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > -0.5).all()
    assert lightness[0] < 2
    assert (drawn[100:] == drawn[-1]).all()


def test_the_worst_part_is_where_the_error_is() -> None:
    errors = np.zeros((700, 900), np.float32)
    errors[300:500, 500:650] = 1
    rows, columns = maps.worst_part(errors)
    assert errors[rows, columns].sum() == errors.sum()
    assert (rows.stop - rows.start, columns.stop - columns.start) == (256, 256)
    assert maps.worst_part(errors[:100, :50]) == (slice(0, 100), slice(0, 50))


def test_files_of_a_map(tmp_path: Path) -> None:
    truth, made = light(300, 400), light(300, 400)
    made[20:60, 300:340] += 0.2
    write_exr(tmp_path / "truth" / "hall.exr", truth)
    write_exr(tmp_path / "made" / "hall.exr", made)
    hdrcli.evaluate(tmp_path / "made", tmp_path / "truth", metrics="psnr_l", draw=maps.Maps(tmp_path / "maps"))
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == ["hall-psnr_l-worst.png", "hall-psnr_l.png"]
    drawn = np.asarray(Image.open(tmp_path / "maps" / "hall-psnr_l.png")).astype(int)
    assert drawn.shape == (300 + 48, 400, 3)
    assert drawn[40, 320].sum() > 600  # at the end of the scale
    assert drawn[200, 100].sum() < 10
    worst = np.asarray(Image.open(tmp_path / "maps" / "hall-psnr_l-worst.png"))
    assert worst.shape == (256, 3 * 256, 3)
