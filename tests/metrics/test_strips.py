"""Figures and maps don't tell the strips that they were taken by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hdrcli.metrics import _channels
from tests.metrics.test_contract import comparison, metric

NAMES = ("psnr", "ssim", "ssim_gray", "ms_ssim", "ms_ssim_rgb", "vif", "vif_rgb", "mef_ssim", "tmqi")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows", [37, 187])
def test_the_height_of_strips_does_not_matter(name: str, rows: int, monkeypatch: Any) -> None:
    given = comparison(metric(name).compares[0], 0.1)
    whole, draw = metric(name).measure(given), metric(name).error_map
    drawn = draw(given) if draw else None
    monkeypatch.setattr(_channels, "STRIP", rows)
    assert metric(name).measure(given) == pytest.approx(whole, abs=1e-11)
    if draw:
        assert np.allclose(draw(given), drawn, rtol=0, atol=1e-6)
