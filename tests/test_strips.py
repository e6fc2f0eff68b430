"""Parts of a picture: all of it once, with what is around each; what is overwritten was seen as it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdrcli import strips


@pytest.mark.parametrize("block", [2, 6, 100])
@pytest.mark.parametrize("halo", [0, 3, 50])
def test_blocks_cover_a_picture_once(monkeypatch: pytest.MonkeyPatch, block: int, halo: int) -> None:
    monkeypatch.setattr(strips, "BLOCK", block)
    picture = np.arange(11 * 17).reshape(11, 17)
    padded = np.pad(picture, halo, constant_values=-1)
    made = np.full(picture.shape, -1)
    for part in strips.blocks(picture.shape, halo):
        assert (made[part.place] == -1).all()
        around = picture[part.around]
        made[part.place] = around[part.within]
        top, left = (place.start for place in part.place)
        wanted = padded[top : part.place[0].stop + 2 * halo, left : part.place[1].stop + 2 * halo]
        np.testing.assert_array_equal(around.ravel(), wanted[wanted >= 0])  # all there is within the halo
    np.testing.assert_array_equal(made, picture)


@given(height=st.integers(1, 30), halo=st.integers(0, 12), rows=st.integers(1, 12))
def test_means_may_take_the_place_of_what_they_are_of(height: int, halo: int, rows: int) -> None:
    picture = np.arange(height * 3, dtype=float).reshape(height, 3) ** 2
    means = [picture[max(row - halo, 0) : row + halo + 1].mean(0) for row in range(height)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strips, "STRIP_PIXELS", 3 * rows)
        for part, seen in strips.overwritten(picture, halo):
            first = part.within[0].start
            made = [
                seen[max(first + row - halo, 0) : first + row + halo + 1].mean(0)
                for row in range(len(picture[part.place]))
            ]
            picture[part.place] = made
    np.testing.assert_allclose(picture, means)


def test_strips_are_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "STRIP_PIXELS", 25)
    found = strips.strips(10, 6, strips.STRIP_PIXELS)
    assert np.concatenate([np.arange(10)[rows] for rows in found]).tolist() == list(range(10))
    assert max(rows.stop - rows.start for rows in found) == 4
