"""One shot in several files: RAW wins over pictures, DNG over what it was converted from, a frame over its copies."""

from __future__ import annotations

import filecmp
import re
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

from hdrcli import readers
from hdrcli.grouping._folders import Left
from hdrcli.grouping._frames import Frames, natural
from hdrcli.image import FrameHeader


def one_file_a_shot(frames: Sequence[Path], left: Left) -> list[Path]:
    """The frames less those that lie beside a RAW file of the same name."""
    raws: dict[tuple[Path, str], Path] = {}
    for path in filter(readers.is_raw, frames):
        if _shot(path) not in raws or path.suffix.lower() == ".dng":
            raws[_shot(path)] = path
    others = [path for path in frames if raws.get(_shot(path), path) != path]
    jpegs = [path for path in others if path.suffix.lower() in (".jpg", ".jpeg")]
    left.leave(jpegs, "JPEGs beside RAW files of the same name are left")
    left.leave([path for path in others if path not in jpegs], "Other files of shots that are there as RAW are left")
    return [path for path in frames if path not in set(others)]


def _shot(path: Path) -> tuple[Path, str]:
    return path.parent, path.stem.casefold()


def without_copies(frames: Frames, left: Left) -> Frames:
    """The frames less those that are another one's copy, byte for byte, and are named so: "IMG_1 (2)", "Copy of IMG_1".

    Only files of one size that say they were taken at the same time, with the same exposure, are looked into.
    """
    alike: dict[Hashable, list[int]] = {}
    for index, header in frames.headers.items():
        alike.setdefault(_key(header), []).append(index)
    copies: set[int] = set()
    for indices in alike.values():
        first, *others = sorted(indices, key=lambda i: (len(frames.files[i].name), natural(frames.files[i])))
        copies |= {other for other in others if _is_copy(frames.files[first], frames.files[other])}
    left.leave([frames.files[i] for i in sorted(copies)], "Copies of other frames are left")
    return frames.only([i for i in range(len(frames.files)) if i not in copies])


def _is_copy(one: Path, other: Path) -> bool:
    names = rf"(.*\D)?{re.escape(one.stem.casefold())}(\D.*)?"
    return bool(re.fullmatch(names, other.stem.casefold())) and filecmp.cmp(one, other, shallow=False)


def _key(header: FrameHeader) -> Hashable:
    if header.taken is None or header.exposure_time is None:
        return header.path
    return header.taken, header.exposure_time, header.camera, header.path.stat().st_size


def shots_of(headers: Iterable[FrameHeader]) -> Hashable:
    """What brackets of the same shots have in common: names and times; None where a frame does not tell its time."""
    shots = sorted((header.path.stem.casefold(), str(header.taken or "")) for header in headers)
    return tuple(shots) if all(taken for _, taken in shots) else None
