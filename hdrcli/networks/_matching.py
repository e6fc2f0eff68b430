"""Patch matching on feature maps, coarse to fine, and the transfer of features along what was matched.

For every 3 x 3 patch of a target the most similar 3 x 3 patch of a source, by cosine similarity, in a window. Fields of
displacements are (B, h, w, 2) integers, rows and columns in cells of their own map. Nothing outside the map is ever
chosen; patches that reach over its border see zeros there.

All products of a block of targets with its candidates are one matrix product; every block has the same shape, and
blocks lie on a fixed grid, so that a tile's results are the picture's own.
"""

from __future__ import annotations

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

COARSE_BLOCK = 4  # targets, in cells of the coarsest map, that are matched by one matrix product
TIE = 2**-16  # similarities that round to the same multiple of this are alike
AT_ONCE = {"cpu": 2**20, "cuda": 2**26}  # feature values gathered at one time: what a cache holds, or what pays


@lru_cache(maxsize=4)
def _by_distance(radius: int) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
    """The offsets of a window, nearest first: their places in row-major order, and (row, column) of each."""
    side = 2 * radius + 1
    places = sorted(range(side * side), key=lambda at: (at // side - radius) ** 2 + (at % side - radius) ** 2)
    return tuple(places), tuple((at // side - radius, at % side - radius) for at in places)


def _boxes(x: Tensor, rows: int) -> Tensor:
    """3 x 3 sums over the dimensions `rows` and `rows` + 1, where all nine are there."""
    for dim in (rows, rows + 1):
        length = x.shape[dim] - 2
        x = x.narrow(dim, 0, length) + x.narrow(dim, 1, length) + x.narrow(dim, 2, length)
    return x


def _at_offsets(products: Tensor, side: int, window: int) -> Tensor:
    """A view (N, side, side, window, window): each target's product with the source cell at each offset from it.

    `products` (N, side^2, (side + window - 1)^2) are those of a square of targets with a square of source cells, whose
    first corner is that of the first target's window.
    """
    wide = side + window - 1
    strides = (products.stride(0), side * wide**2 + wide, wide**2 + 1, wide, 1)
    return products.as_strided((len(products), side, side, window, window), strides)


def _inverse_norms(x: Tensor) -> Tensor:
    """(B, h, w): one over the norm of the 3 x 3 patch around each cell of (B, C, h, w)."""
    squares = F.pad(x.square().sum(1), (1, 1, 1, 1))
    return _boxes(squares, 1).clamp(min=1e-12).rsqrt()


def _squares(x: Tensor, corners: Tensor, side: int) -> Tensor:
    """(N, side^2, C): the cells of (B, h, w, C) in squares whose first corners are (N, 3), batch, row, column."""
    _, height, width, channels = x.shape
    step = torch.arange(side, device=x.device)
    rows = (corners[:, 1, None] + step)[:, :, None]
    columns = (corners[:, 2, None] + step)[:, None, :]
    places = (corners[:, 0, None, None] * height + rows) * width + columns
    return x.view(-1, channels).index_select(0, places.flatten()).view(len(corners), side * side, channels)


def match(target: Tensor, source: Tensor, centres: Tensor, block: int, radius: int) -> Tensor:
    """The displacement (B, h, w, 2) from each cell of `target` to the best patch of `source`, both (B, C, h, w).

    `centres` (B, ceil(h / block), ceil(w / block), 2) are the displacements of the windows' centres, one for every
    block of targets, which lead into the map; a window reaches `radius` cells from there. Of equal similarities the
    one nearest to the centre counts.
    """
    target, source = target.float(), source.float()
    _, channels, height, width = target.shape
    size, down, across, _ = centres.shape
    pad = radius + block
    margin = (0, 0, 1, 1 + across * block - width, 1, 1 + down * block - height)
    norms = F.pad(_inverse_norms(source), (pad,) * 4)[..., None]  # 0 marks what lies outside the map
    target = F.pad(target.permute(0, 2, 3, 1), margin)
    source = F.pad(source.permute(0, 2, 3, 1), (0, 0, *(pad + 1,) * 4))  # one more, for the patches
    axes = (torch.arange(n, device=target.device) for n in (size, down, across))
    batch, row, column = torch.meshgrid(*axes, indexing="ij")
    corners = torch.stack([batch, row * block, column * block], -1).view(-1, 3)
    windows = corners + F.pad(centres.reshape(-1, 2) + block, (1, 0))
    some = max(1, AT_ONCE.get(target.device.type, 2**24) // ((block + 2 * radius + 2) ** 2 * channels))
    found = [
        _matched(target, source, norms, at, window, block, radius)
        for at, window in zip(torch.split(corners, some), torch.split(windows, some), strict=True)
    ]
    field = torch.cat(found).view(size, down, across, block, block, 2) + centres[:, :, :, None, None]
    return field.transpose(2, 3).reshape(size, down * block, across * block, 2)[:, :height, :width]


def _matched(
    targets: Tensor, sources: Tensor, norms: Tensor, at: Tensor, window: Tensor, block: int, radius: int
) -> Tensor:
    """(N, block, block, 2): the best offsets for blocks of targets at (N, 3) in the windows that begin at (N, 3)."""
    offsets = 2 * radius + 1
    wanted = _squares(targets, at, block + 2)
    offered = _squares(sources, window, block + 2 + 2 * radius)
    products = _boxes(_at_offsets(wanted @ offered.transpose(1, 2), block + 2, offsets), 1)
    side = block + 2 * radius
    scale = _squares(norms, window, side).view(-1, side, side).unfold(1, offsets, 1).unfold(2, offsets, 1)
    own = _boxes(wanted.square().sum(-1).view(-1, block + 2, block + 2), 1).clamp(min=1e-12).rsqrt()
    return _best(torch.where(scale > 0, products * scale * own[..., None, None], -1.0), radius)


def _best(similarity: Tensor, radius: int) -> Tensor:
    """(..., 2): the offset of the greatest similarity of (..., window, window), the nearest of equal ones."""
    places, offsets = _by_distance(radius)
    order = torch.tensor(places, device=similarity.device)
    ranked = (similarity / TIE).round().flatten(-2)[..., order]
    return torch.tensor(offsets, device=similarity.device)[ranked.argmax(-1)]  # the first of the greatest


def correspondences(targets: list[Tensor], sources: list[Tensor], radius: int, refine: int) -> list[Tensor]:
    """Fields of displacements at each scale of two pyramids of features, finest first, each scale half the one before.

    The coarsest is searched in windows of `radius` cells around each place, the others in windows of `refine` cells
    around what the coarser scale found. Both lists are used up: features take most of the memory.
    """
    size, _, height, width = targets[-1].shape
    blocks = (size, -(-height // COARSE_BLOCK), -(-width // COARSE_BLOCK), 2)
    at_rest = torch.zeros(blocks, dtype=torch.long, device=targets[-1].device)
    fields = [match(targets.pop(), sources.pop(), at_rest, COARSE_BLOCK, radius)]
    while targets:
        fields.append(match(targets.pop(), sources.pop(), 2 * fields[-1], 2, refine))
    return fields[::-1]


def transfer(features: Tensor, field: Tensor) -> Tensor:
    """Swap the 3 x 3 patches of (B, C, h, w) in by a field of displacements; where they overlap, their mean.

    A cell is in the patches of its nine neighbours, each of which brings the cell at its own displacement from here.
    What patches show beyond the border does not count.
    """
    size, channels, height, width = features.shape
    cells = torch.cat([features.permute(0, 2, 3, 1).reshape(-1, channels), features.new_zeros(1, channels)])
    nowhere = len(cells) - 1
    fields = F.pad(field.permute(0, 3, 1, 2), (1, 1, 1, 1), value=height + width)  # leads out of the map
    batch, row, column = torch.meshgrid(
        *(torch.arange(n, device=field.device) for n in (size, height, width)), indexing="ij"
    )
    total = torch.zeros(len(cells) - 1, channels, device=cells.device)
    count = torch.zeros(len(cells) - 1, 1, device=cells.device)
    for y in range(3):
        for x in range(3):
            down, across = fields[:, :, y : y + height, x : x + width].unbind(1)
            rows, columns = row + down, column + across
            there = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
            places = torch.where(there, (batch * height + rows) * width + columns, nowhere)
            total = total + cells.index_select(0, places.flatten()).float()
            count += there.view(-1, 1)
    made = (total / count).to(features.dtype)
    return made.view(size, height, width, channels).permute(0, 3, 1, 2)
