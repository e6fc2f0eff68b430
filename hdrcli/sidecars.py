"""Exposures that a data set keeps in a text file beside its frames, in the forms that are in use."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from hdrcli.errors import ExposureError, excerpt

_LARGEST = 1 << 20
"""Bytes; no list of frames is longer."""

Lines = list[tuple[int, str]]
"""(number of the line from 1, its text without comment)."""


@dataclass(frozen=True)
class Sidecar:
    """A sidecar's path, and the relative exposures of the frames asked for, in their order and any one unit."""

    path: Path
    relative_exposures: tuple[float, ...]


def find_sidecar(folder: Path) -> Path | None:
    """The sidecar of a folder, if it has one: exposure.txt, image_list.txt, list.txt or times.txt, in this order."""
    try:
        by_name = {name.lower(): name for name in os.listdir(folder)}  # noqa: PTH208 (no path for each of thousands)
    except OSError:
        return None
    files = (folder / by_name[name] for name in _FORMS if name in by_name)
    return next((file for file in files if file.is_file()), None)


def read_sidecar(
    folder: Path, files: Sequence[Path], find: Callable[[Path], Path | None] = find_sidecar
) -> Sidecar | None:
    """The exposures of `files`, given in file-name order, by the sidecar of their folder; None when it has none.

    exposure.txt: stops, one a line (the Kalantari data); image_list.txt and list.txt: file name, 1/seconds, further
    columns that are ignored, or seconds, where the first comment line heads the second column "exposure" or "time";
    times.txt: seconds, on lines or between commas. `#` starts a comment. `find` tells a folder's sidecar. Raises
    ExposureError, with the line, for a file that is malformed, does not fit the frames, or holds what is no exposure.
    """
    path = find(folder)
    if path is None:
        return None
    return Sidecar(path, _FORMS[path.name.lower()](path, _text(path), files))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise ExposureError(
            f"{path} cannot be read: {error.strerror or error}.", "Move it away, or pass --times."
        ) from error
    except UnicodeDecodeError as error:
        raise _not_text(path) from error
    if len(data) > _LARGEST or "\0" in text:
        raise _not_text(path)
    return text


def _lines(text: str) -> Lines:
    stripped = ((number, line.partition("#")[0].strip()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, line) for number, line in stripped if line]


def _not_text(path: Path) -> ExposureError:
    return ExposureError(f"{path} is not a text file in UTF-8.", "Save it as plain text, or pass --times.")


def _from_stops(path: Path, text: str, files: Sequence[Path]) -> tuple[float, ...]:
    lines = _lines(text)
    _check_count(path, len(lines), files)
    return tuple(2.0 ** _number(path, number, line, "stops", lambda stops: abs(stops) <= 64) for number, line in lines)


def _from_times(path: Path, text: str, files: Sequence[Path]) -> tuple[float, ...]:
    fields = [(number, field.strip()) for number, line in _lines(text) for field in line.rstrip(",").split(",")]
    _check_count(path, len(fields), files)
    return tuple(_number(path, number, field, "an exposure time in seconds", _is_time) for number, field in fields)


def _from_list(path: Path, text: str, files: Sequence[Path]) -> tuple[float, ...]:
    exposures: dict[str, float] = {}
    in_seconds = _is_headed_in_seconds(text)
    wanted = {file.name.casefold() for file in files}
    for number, line in _lines(text):
        name, rest = _name_and_rest(line, wanted)
        if name in exposures:
            raise _at(path, number, f"{excerpt(line.split()[0])} is listed twice", "Remove one of the two lines.")
        if not rest:
            raise _at(path, number, "there is no exposure after the name", "Write the file's name and 1/seconds.")
        value = _number(path, number, rest[0], "an exposure", _is_time)
        exposures[name] = value if in_seconds else 1 / value
    missing = next((file for file in files if file.name.casefold() not in exposures), None)
    if missing is not None:
        raise ExposureError(f"{path} does not list {missing.name}.", "Add a line for it, or move the frame away.")
    return tuple(exposures[file.name.casefold()] for file in files)


def _is_headed_in_seconds(text: str) -> bool:
    """Whether the first comment line heads the second column as a time and not as 1/time."""
    heading = next((line.strip("# \t").casefold().split() for line in text.splitlines() if line.startswith("#")), [])
    return len(heading) > 1 and heading[1].startswith(("exposure", "time", "seconds"))


def _name_and_rest(line: str, wanted: set[str]) -> tuple[str, list[str]]:
    """The name that a line starts with, which may hold spaces if it is a frame's, and the columns after it."""
    folded = line.casefold()
    known = [name for name in wanted if folded.startswith(name) and folded[len(name) :][:1].isspace()]
    name = max(known, key=len) if known else line.split(maxsplit=1)[0]
    return name.casefold(), line[len(name) :].split()


def _is_time(value: float) -> bool:
    return 1e-9 < value < 1e9


def _number(path: Path, line: int, text: str, what: str, is_good: Callable[[float], bool]) -> float:
    try:
        value = float(Fraction(text)) if "/" in text else float(text)
    except (ValueError, ZeroDivisionError, OverflowError):
        value = math.nan
    if not is_good(value):
        raise _at(
            path, line, f'"{excerpt(text)}" is not {what}', "Correct the line, or pass --times or --stops instead."
        )
    return value


def _check_count(path: Path, count: int, files: Sequence[Path]) -> None:
    if count != len(files):
        raise ExposureError(
            f"{path} has {count} exposures but there are {len(files)} frames.",
            "Write one for each frame in the order of the file names, or pass --times.",
        )


def _at(path: Path, line: int, cause: str, hint: str) -> ExposureError:
    return ExposureError(f"{path}, line {line}: {cause}.", hint)


_FORMS = {
    "exposure.txt": _from_stops,
    "image_list.txt": _from_list,
    "list.txt": _from_list,
    "times.txt": _from_times,
}
