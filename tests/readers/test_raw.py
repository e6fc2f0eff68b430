from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hdrcli import readers
from hdrcli.development import Development
from hdrcli.errors import ReadError
from tests.readers.samples import dng, jpeg

Y, X = np.mgrid[:64, :96]
SCENE = 0.2 + 0.6 * X / 96 + 0.1 * Y / 64
"""Linear light of a grey scene; the demosaic is exact within rounding on it, but for the margins."""

INSIDE = np.s_[6:-6, 6:-6]


def test_values_are_linear_from_black_to_white(tmp_path: Path) -> None:
    exposure = readers.read(dng(tmp_path / "a.dng", SCENE))
    assert (exposure.encoding, exposure.bits, exposure.size) == ("linear", 16, (96, 64))
    for channel in range(3):
        np.testing.assert_allclose(exposure.pixels[INSIDE][..., channel], SCENE[INSIDE], atol=0.01)


def test_exposures_keep_their_ratio(tmp_path: Path) -> None:
    bright = readers.read(dng(tmp_path / "a.dng", SCENE)).pixels
    # The dark frame is far from saturation, where LibRaw's defaults would brighten it.
    dark = readers.read(dng(tmp_path / "b.dng", SCENE, 1 / 8)).pixels
    np.testing.assert_allclose(bright[INSIDE] / dark[INSIDE], 8, rtol=0.01)


def test_what_all_channels_clip_is_neutral_at_the_level_of_the_last_one(tmp_path: Path) -> None:
    exposure = readers.read(dng(tmp_path / "a.dng", SCENE, 20))
    np.testing.assert_allclose(exposure.pixels, 2, atol=1e-4)  # red, the least sensitive one, saturates at 2
    assert exposure.saturated is not None
    assert exposure.saturated.all()


def test_white_balance_of_another_frame(tmp_path: Path) -> None:
    reference = dng(tmp_path / "a.dng", SCENE, white_balance=(2.0, 1.0, 1.5))
    # The same sensor values, but the camera chose other multipliers for this frame.
    other = dng(tmp_path / "b.dng", SCENE, white_balance=(1.5, 1.0, 2.0))
    own = readers.read(other).pixels[INSIDE].mean(axis=(0, 1))
    np.testing.assert_allclose(own / own[1], 1, atol=0.01)
    given = readers.read(other, Development(reference)).pixels[INSIDE].mean(axis=(0, 1))
    np.testing.assert_allclose(given / given[1], [2 / 1.5, 1, 1.5 / 2], atol=0.02)
    beside = readers.read(other, Development(jpeg(tmp_path / "c.jpg")))
    np.testing.assert_array_equal(beside.pixels[INSIDE].mean(axis=(0, 1)), own)


@pytest.mark.parametrize("kept", [0.1, 0.4, 0.7, 0.95, 0.999])
def test_cut_files(kept: float, tmp_path: Path) -> None:
    data = dng(tmp_path / "a.dng", SCENE).read_bytes()
    (tmp_path / "b.dng").write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(ReadError, match=r"b\.dng is damaged"):
        readers.read(tmp_path / "b.dng")


def test_black_frames_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="decodes to black"):
        readers.read(dng(tmp_path / "a.dng", SCENE, 0))


@pytest.mark.parametrize("part", [np.s_[48:], np.s_[16:40], np.s_[:16], np.s_[:, 64:]])
def test_missing_parts_are_errors(part: Any, tmp_path: Path) -> None:
    path = dng(tmp_path / "a.dng", SCENE)
    stored = SCENE.size * 2
    values = np.frombuffer(path.read_bytes()[-stored:], np.uint16).reshape(SCENE.shape).copy()
    values[part] = 0
    path.write_bytes(path.read_bytes()[:-stored] + values.tobytes())
    with pytest.raises(ReadError, match=r"its picture has nothing from (row|column) (48|16|0|64) to (63|39|15|95)"):
        readers.read(path)


def test_an_odd_still_is_not_raw(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"is not a RAW file \(it looks like JPEG\)"):
        readers.read(jpeg(tmp_path / "a.nef"))
