"""Exposure fusion of two frames as a prior: what the pixels alone say of detail and of content, level by level.

The weights are those of Mertens, Kautz & Van Reeth, "Exposure Fusion" (Pacific Graphics 2007, section 3.1); the priors
are equations (3) and (4) of the paper behind `networks/dpg.py`. `authors_priors` is the reading of that paper's
program, for weights that were trained with it. All pictures are (B, 3, H, W), sRGB-encoded, in [0, 1]; everything runs
on the device its input is on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import log2

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrcli.exposure_fusion import EXPOSEDNESS_SIGMA, LEAST_WEIGHT
from hdrcli.transfer import LUMA_WEIGHTS

LEVELS = 6

YCBCR = (
    (65.481, 128.553, 24.966),
    (-37.797, -74.203, 112.0),
    (112.0, -93.786, -18.214),
)
"""Encoded RGB in [0, 1] -> 8-bit studio-range YCbCr less its offsets 16, 128, 128 (ITU-R BT.601-7, item 2.5)."""


def mertens_weights(under: Tensor, over: Tensor) -> Tensor:
    """Quality of each frame's pixels, (B, 2, 1, H, W): contrast x saturation x well-exposedness, adding up to 1."""
    weights = torch.stack([_mertens_weight(frame) for frame in (under, over)], 1)
    return weights.div_(weights.sum(1, keepdim=True))


def priors(under: Tensor, over: Tensor, levels: int = LEVELS) -> Iterator[tuple[Tensor, Tensor]]:
    """The detail and the content prior, (B, 3, h, w) each, of every level, finest first: h = H / 2^level.

    Content (eq. 4) is the sum over frames of G(W) G(I), about [0, 1]; detail (eq. 3) that of G(W) L(I), about [-1, 1]
    and zero where the frames are flat. G and L are the levels of the Gaussian and the Laplacian pyramid. Levels are
    made one at a time; odd sides round up.
    """
    yield from descending([under, over], list(mertens_weights(under, over).unbind(1)), levels)


def descending(frames: list[Tensor], weights: list[Tensor], levels: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The priors of so many levels, beginning with that of these frames and weights."""
    for _ in range(levels):
        coarser = [reduce(frame) for frame in frames]
        content = weights[0] * frames[0] + weights[1] * frames[1]
        detail = content.clone()  # the sum of W (I - up(coarser)), one frame at a time
        for weight, frame in zip(weights, coarser, strict=True):
            detail -= weight * expand(frame, *content.shape[-2:])
        yield detail, content
        frames, weights = coarser, [reduce(weight) for weight in weights]


def reduce(x: Tensor) -> Tensor:
    """The next level of a Gaussian pyramid, (..., h, w) -> (..., ceil(h/2), ceil(w/2)): [1 4 6 4 1] / 16, mirrored."""
    return _halve(_halve(x, -2), -1)


def expand(x: Tensor, height: int, width: int) -> Tensor:
    """A level brought to the size (height, width) of the one below it, twice its own (or twice less one)."""
    return _double(_double(x, -2, height), -1, width)


def authors_priors(under: Tensor, over: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
    """Priors as the authors' program makes them, finest first, and CbCr / 255 (B, 2, H, W) of its fused picture.

    It fuses the frames to a picture of 8 bits and takes both priors from that picture alone: detail are the levels of
    its Laplacian pyramid, content the next Gaussian level brought back to size. Its weights are computed from values of
    0..255 with constants meant for [0, 1], and from a Laplacian with its sign, so that nearly everywhere the fused
    picture is the mean of the two. The authors shrink a picture to 1024 pixels, on a black canvas; here it is worked on
    at its own size, which must be a multiple of 64 (`networks/dpg.py` repeats the last pixels).
    """
    fused = _authors_fusion(under, over)
    levels = []
    finer = fused
    for _ in range(LEVELS):
        coarser = _smooth_and_halve(finer)
        content = _bilinear(coarser, *finer.shape[-2:])
        levels.append((finer - content, content))
        finer = coarser
    matrix = torch.tensor(YCBCR[1:], dtype=fused.dtype, device=fused.device)
    return levels, (torch.einsum("bchw,dc->bdhw", fused, matrix) + 128) / 255


def _luma(frame: Tensor) -> Tensor:
    r, g, b = (frame[:, c : c + 1] * float(LUMA_WEIGHTS[c]) for c in range(3))
    return r + g + b


def _deviation(frame: Tensor) -> Tensor:
    """The standard deviation over R, G and B; torch's own is ten times as slow across channels."""
    return (frame - frame.mean(1, keepdim=True)).square_().mean(1, keepdim=True).sqrt_()


def _mertens_weight(frame: Tensor) -> Tensor:
    """(B, 1, H, W) > 0."""
    weight = _laplacian(_widen(_widen(_luma(frame), -2, _mirror, 1), -1, _mirror, 1)).abs_()
    weight *= _deviation(frame)
    weight *= torch.exp((frame - 0.5).square_().sum(1, keepdim=True) / (-2 * EXPOSEDNESS_SIGMA**2))
    return weight.add_(LEAST_WEIGHT)


def _authors_weight(frame: Tensor) -> Tensor:
    """(B, 1, H, W), of either sign; in double precision, since two such weights may cancel."""
    values = frame.double() * 255
    weight = _laplacian(F.pad(_luma(values), (1, 1, 1, 1)))
    weight *= _deviation(values)
    weight *= torch.exp((values - 0.5).square_().sum(1, keepdim=True) * (-0.4 / EXPOSEDNESS_SIGMA**2))
    return weight.add_(LEAST_WEIGHT)


def _laplacian(x: Tensor) -> Tensor:
    """Of a map with a border of one pixel, which is lost."""
    return x[..., :-2, 1:-1] + x[..., 2:, 1:-1] + x[..., 1:-1, :-2] + x[..., 1:-1, 2:] - 4 * x[..., 1:-1, 1:-1]


def _mirror(index: Tensor, n: int) -> Tensor:
    """Indices beyond 0 … n - 1 reflected at the centres of the last pixels: c b a b c."""
    period = max(2 * (n - 1), 1)
    index = index.remainder(period)
    return torch.minimum(index, period - index) if n > 1 else index


def _symmetric(index: Tensor, n: int) -> Tensor:
    """Indices beyond 0 … n - 1 reflected at the edges of the last pixels: b a a b."""
    index = index.remainder(2 * n)
    return torch.minimum(index, 2 * n - 1 - index)


def _widen(x: Tensor, axis: int, border: Callable[[Tensor, int], Tensor], reach: int) -> Tensor:
    """`x` with `reach` more pixels at both ends of an axis."""
    n = x.shape[axis]
    before = border(torch.arange(-reach, 0, device=x.device), n)
    after = border(torch.arange(n, n + reach, device=x.device), n)
    return torch.cat([x.index_select(axis, before), x, x.index_select(axis, after)], axis)


def _halve(x: Tensor, axis: int) -> Tensor:
    tap = _widen(x, axis, _mirror, 2).unfold(axis, 5, 2).unbind(-1)
    return (tap[2] * 0.375).add_(tap[1] + tap[3], alpha=1 / 4).add_(tap[0] + tap[4], alpha=1 / 16)


def _double(x: Tensor, axis: int, size: int) -> Tensor:
    """Zeros between the samples, then twice the filter of `_halve`: even samples take three, odd ones two."""
    n = x.shape[axis]
    # the mirror lies on the last sample of the doubled axis, so that to the right the samples' own last one repeats
    wide = torch.cat([x.narrow(axis, min(1, n - 1), 1), x, x.narrow(axis, n - 1, 1)], axis)
    left, right = wide.narrow(axis, 0, n), wide.narrow(axis, 2, n)
    even, odd = (left + right).mul_(1 / 8).add_(x, alpha=0.75), (x + right).mul_(1 / 2)
    return torch.stack([even, odd], axis).flatten(axis - 1, axis).narrow(axis, 0, size)


def _authors_fusion(under: Tensor, over: Tensor) -> Tensor:
    """The picture fused in Laplacian pyramids, (B, 3, H, W), cut to whole steps of 1/255."""
    weights = torch.stack([_authors_weight(frame) for frame in (under, over)], 1)
    weights = weights.div_(weights.sum(1, keepdim=True)).float()
    frames = torch.stack([under, over], 1)
    depth = max(round(log2(min(under.shape[-2:]))) - 2, LEVELS + 1)
    bands = []
    for _ in range(depth - 1):
        coarser = _smooth_and_halve(frames)
        bands.append((weights * (frames - _bilinear(coarser, *frames.shape[-2:]))).sum(1))
        frames, weights = coarser, _smooth_and_halve(weights)
    picture = (weights * frames).sum(1)
    for band in reversed(bands):
        picture = F.interpolate(picture, size=band.shape[-2:], mode="bilinear") + band
    # a hair more, lest what is whole in exact arithmetic falls by one
    return (picture.clamp(0, 1) * 255 + 1e-3).floor_() / 255


def _smooth_and_halve(x: Tensor) -> Tensor:
    """The authors' next Gaussian level: a Gaussian of sigma 2/3 cut at 3 pixels, then `_bilinear` to half the size."""
    taps = torch.exp(torch.arange(-3.0, 4.0, device=x.device).square() / (-2 * (2 / 3) ** 2))
    taps = taps / taps.sum()
    for axis in (-2, -1):
        wide = _widen(x, axis, _symmetric, 3)
        x = sum(taps[k] * wide.narrow(axis, k, x.shape[axis]) for k in range(7))  # type: ignore[assignment]
    return _bilinear(x, -(-x.shape[-2] // 2), -(-x.shape[-1] // 2))


def _bilinear(x: Tensor, height: int, width: int) -> Tensor:
    """`x` at another size, pixel edges kept, each sample from its two neighbours on an axis; mirrored borders."""
    for axis, size in ((-2, height), (-1, width)):
        n = x.shape[axis]
        place = (torch.arange(size, device=x.device, dtype=torch.float64) + 0.5) * (n / size) - 0.5
        below = place.floor()
        share = (place - below).to(x.dtype).view((-1, 1) if axis == -2 else (-1,))
        lower, upper = (x.index_select(axis, _mirror(below.long() + k, n)) for k in (0, 1))
        x = torch.lerp(lower, upper, share)
    return x
