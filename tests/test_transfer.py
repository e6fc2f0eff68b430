"""Transfer curves against published points and their inverses."""

from __future__ import annotations

import numpy as np
import pytest

from hdrcli import transfer


def test_srgb_at_published_points() -> None:
    encoded = np.array([0, 0.04045, 0.5, 1])
    np.testing.assert_allclose(transfer.srgb_to_linear(encoded), [0, 0.0031308, 0.21404114, 1], atol=1e-7)


def test_srgb_there_and_back_keeps_every_16_bit_code() -> None:
    codes = np.arange(65536)
    back = transfer.linear_to_srgb(transfer.srgb_to_linear(codes / 65535))
    np.testing.assert_array_equal(np.round(back * 65535), codes)


def test_gamma_there_and_back() -> None:
    x = np.linspace(0, 1, 1001, dtype=np.float32)
    np.testing.assert_allclose(transfer.linear_to_gamma(transfer.gamma_to_linear(x, 2.2), 2.2), x, atol=1e-6)


def test_mu_law_by_its_formula() -> None:
    np.testing.assert_allclose(transfer.mu_law(np.array([0, 1, 1e-3])), [0, 1, np.log(6) / np.log(5001)])


def test_pq_at_published_points() -> None:
    assert transfer.luminance_to_pq(np.array(100.0)) == pytest.approx(0.508078421517399, abs=1e-12)
    luminance = np.array([0, 203, 1000, 10_000, 20_000])
    percent = np.round(100 * transfer.luminance_to_pq(luminance))
    assert percent.tolist() == [0, 58, 75, 100, 100]  # ITU-R BT.2408-7, table 1 and section 2


def test_pq_there_and_back() -> None:
    luminance = np.geomspace(1e-3, 1e4, 1001)
    np.testing.assert_allclose(transfer.pq_to_luminance(transfer.luminance_to_pq(luminance)), luminance, rtol=1e-9)
    codes = np.arange(1024, dtype=np.float32) / 1023
    back = transfer.luminance_to_pq(transfer.pq_to_luminance(codes))
    np.testing.assert_allclose(back, codes, atol=0.1 / 1023)


@pytest.mark.parametrize("weigh", [transfer.luminance, transfer.luma])
def test_white_has_unit_luminance(weigh: object) -> None:
    assert weigh(np.ones((1, 3), np.float32)) == pytest.approx(1, abs=1e-6)  # type: ignore[operator]
