"""What a bracket, or another piece of work, will take of memory, estimated from headers.

The frames are held as their files store them, for a while twice if they are warped, an exposure fusion's weights beside
them; then there are the result, its display picture and its encoded files. All else is done in parts of a set size. The
figures are from measured peaks of 2 to 100 megapixels and 3 to 9 frames, which the estimate meets to a fifth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hdrcli.comparison import Kind
from hdrcli.contracts import Network
from hdrcli.image import FrameHeader
from hdrcli.plan import Plan, model_record
from hdrcli.settings import FuseSettings

MERGING = 22
"""Bytes a pixel of the result and its parts, beside the frames."""

FUSION, WEIGHTS = 12, 6
"""Bytes a pixel of the result of an exposure fusion, and of the weights of each frame."""

OUTPUTS = 38
"""Bytes a pixel of the result, its display picture and its files, when the frames are given back."""

SURE = 0.75
"""Of what depends on pixels, that a bracket takes at the least."""

NETWORK = (3e8, 7e8)
"""Bytes of PyTorch with a network in the smallest tiles, and in those that pay on a CPU."""

READING = 23
"""Bytes a pixel of a linear file while it is read."""

TONE_MAPPING = (24, 45)
"""Bytes a pixel of a linear file, its picture and that one's file: at the least, and as a rule."""

ENCODING = {"avif": 107, "uhdr": 75}
"""Bytes a pixel of a result and its file in formats whose encoders take more."""

SHOWING = 24
"""Bytes a pixel of a frame that is made a picture of for a page, when the result is there, too."""

ONE_MORE = 6
"""Bytes a pixel of each file beside the first."""

MEASURING: dict[Kind, tuple[int, int]] = {
    "linear": (36, 98),
    "display": (30, 62),
    "tone-mapped": (60, 75),
    "fused": (30, 65),  # without its frames
}
"""Bytes a pixel of what is held against what, with the cheapest metric and with the costliest."""

DRAWING = 38
"""Bytes a pixel of an error map and its pictures."""

EXPOSURE_FUSION = "mertens"
LIGHT = 12
"""Bytes a pixel of three floats."""

_FLOATS = (".exr", ".hdr", ".pic", ".rgbe")
_SIXTEEN = (".tif", ".tiff")


@dataclass(frozen=True)
class Footprint:
    """Bytes that a bracket takes: at the least, and as a rule."""

    least: float
    usual: float


def of(plan: Plan, settings: FuseSettings, *, shown: bool = False) -> Footprint:
    """The footprint of a plan that is to be fused on this computer; `shown` says whether on a page, too."""
    pixels = _pixels(plan.frames)
    network = isinstance(model_record(plan.model), Network)
    frames = [_stored(frame) for frame in plan.frames]
    least, usual = (
        pixels * max(_fusing(plan.model, [one[bound] for one in frames]), OUTPUTS) + NETWORK[bound] * network
        for bound in (0, 1)
    )
    if settings.align != "off":
        usual = max(usual, pixels * sum(2 * one[1] + 2 for one in frames))  # frames, warped frames and their masks
    kept = sum(one[1] for one in frames) + SHOWING if shown else 0
    usual = max(usual, pixels * (kept + max(OUTPUTS, _encoding(settings.formats))))
    return Footprint(SURE * least, usual)


def of_light(file: FrameHeader) -> Footprint:
    """The footprint of a linear file that is to be looked at."""
    return Footprint(SURE * READING * _pixels([file]), READING * _pixels([file]))


def of_picture(file: FrameHeader, formats: Sequence[str]) -> Footprint:
    """The footprint of a linear file that is to be tone-mapped, and written in these formats."""
    least, usual = TONE_MAPPING
    usual = max(usual, _encoding(formats)) + ONE_MORE * (len(formats) - 1)
    return Footprint(SURE * least * _pixels([file]), usual * _pixels([file]))


def of_pair(files: Sequence[FrameHeader], kinds: Iterable[Kind], frames: int, *, drawn: bool) -> Footprint:
    """The footprint of a pair that is to be measured in these kinds of comparison, "fused" by so many frames.

    `drawn` says whether maps or a page are made of what is measured.
    """
    beside: dict[Kind, int] = {"fused": LIGHT * frames}
    least, usual = (max(MEASURING[kind][bound] + beside.get(kind, 0) for kind in kinds) for bound in (0, 1))
    return Footprint(SURE * least * _pixels(files), (usual + DRAWING * drawn) * _pixels(files))


def _encoding(formats: Sequence[str]) -> int:
    return max((ENCODING.get(name, 0) for name in formats), default=0)


def _pixels(files: Iterable[FrameHeader]) -> int:
    return max((file.width * file.height for file in files), default=0)


def _fusing(model: str, stored: list[int]) -> int:
    """Bytes a pixel while frames of so many bytes a pixel are made into one."""
    if model == EXPOSURE_FUSION:
        encoded = sum(one for one in stored if one == LIGHT)  # as display pictures, beside
        return sum(stored) + encoded + WEIGHTS * len(stored) + FUSION
    return sum(stored) + MERGING


def _stored(frame: FrameHeader) -> tuple[int, int]:
    """Bytes a pixel that a frame is held in, at the least and as a rule; headers do not tell 8 bits from 16."""
    suffix = frame.path.suffix.lower()
    if frame.is_raw:
        return 7, 7  # 16-bit codes, and which are saturated
    if suffix in _FLOATS:
        return LIGHT, LIGHT
    return 3, 6 if suffix in _SIXTEEN else 3
