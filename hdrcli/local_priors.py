"""Exposure fusion of two frames as a prior, made window by window: the pyramids of a whole picture take much memory."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np
import torch
from torch import Tensor

from hdrcli.planes import Planes
from hdrcli.priors import LEVELS, descending, mertens_weights, priors, reduce
from hdrcli.strips import blocks

Maps = Planes | np.ndarray

FINE = 3
"""Levels that are as large as a picture, and are made window by window."""

CELL = 1 << FINE
"""Pixels across one cell of the first of the levels below those."""

REACH = 32
"""Pixels around a window, in whole cells, that its fine levels depend on: 1 + 2 (1 + 2 + 4) + 8 of them."""


class LocalPriors:
    """The priors of two frames that are looked at window by window, so that no pyramid of a whole picture is needed.

    `frames` are (6, H, W), under then over, with sides that are multiples of 2^LEVELS.
    """

    def __init__(self, frames: Planes) -> None:
        self._frames = frames
        self._last = lru_cache(maxsize=1)(self._fine)  # the levels of a window are asked for one after the other

    def maps(self) -> list[Maps]:
        """Detail and content of every level, (6, h, w), finest first; of the last levels, which are small, all."""
        _, height, width = self._frames.shape
        sizes = ((6, height >> level, width >> level) for level in range(FINE))
        fine = [Planes(size, partial(self._part, level)) for level, size in enumerate(sizes)]
        coarse = descending(*self._reduced(), LEVELS - FINE)
        return [*fine, *(torch.cat(pair, 1)[0].numpy() for pair in coarse)]

    def _part(self, level: int, rows: slice, columns: slice) -> np.ndarray:
        """Some cells of one of the fine levels."""
        cell = CELL >> level
        spans = [(one.start // cell * CELL, -(-one.stop // cell) * CELL) for one in (rows, columns)]
        top, left = (first >> level for first, _ in spans)
        whole = self._last(*spans)[level]
        return whole[:, rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]

    def _fine(self, rows: tuple[int, int], columns: tuple[int, int]) -> list[np.ndarray]:
        """The fine levels of a window whose corners are those of cells of the level below them."""
        _, height, width = self._frames.shape
        top, left = (max(span[0] - REACH, 0) for span in (rows, columns))
        under, over = self._pair(slice(top, min(rows[1] + REACH, height)), slice(left, min(columns[1] + REACH, width)))
        made = []
        for level, (detail, content) in enumerate(priors(under, over, FINE)):
            down = slice((rows[0] - top) >> level, (rows[1] - top) >> level)
            across = slice((columns[0] - left) >> level, (columns[1] - left) >> level)
            made.append(torch.cat([detail, content], 1)[0, :, down, across].numpy())
        return made

    def _pair(self, rows: slice, columns: slice) -> tuple[Tensor, Tensor]:
        """A window of the two frames, (1, 3, h, w) each."""
        pixels = torch.from_numpy(np.ascontiguousarray(self._frames[:, rows, columns]))[None]
        return pixels[:, :3], pixels[:, 3:]

    def _reduced(self) -> tuple[list[Tensor], list[Tensor]]:
        """Both frames and their weights at the first of the coarse levels."""
        _, height, width = self._frames.shape
        whole = torch.empty(1, 8, height // CELL, width // CELL)
        for part in blocks((height, width), REACH):
            under, over = self._pair(*part.around)
            made = torch.cat([under, over, *mertens_weights(under, over).unbind(1)], 1)
            for _ in range(FINE):
                made = reduce(made)
            (rows, columns), (down, across) = (
                [slice(one.start // CELL, one.stop // CELL) for one in at] for at in (part.place, part.within)
            )
            whole[:, :, rows, columns] = made[:, :, down, across]
        return [whole[:, :3], whole[:, 3:6]], [whole[:, 6:7], whole[:, 7:]]
