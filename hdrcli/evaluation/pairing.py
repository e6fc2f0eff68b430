"""Predictions and truths to pairs: two files, or two folders whose files have one stem."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hdrcli import readers
from hdrcli.errors import HdrcliError, ReadError, UsageError


@dataclass(frozen=True)
class Files:
    """The files that show one scene: its linear light and its display picture, of which it has one or both."""

    linear: Path | None = None
    display: Path | None = None

    def __bool__(self) -> bool:
        return self.first_of_any is not None

    @property
    def first_of_any(self) -> Path | None:
        """As `first`; None where there is neither."""
        return self.linear or self.display

    @property
    def first(self) -> Path:
        """The linear file, or the picture where there is none."""
        if self.first_of_any is None:
            raise ValueError("files of no scene")
        return self.first_of_any

    def with_file(self, path: Path) -> Files:
        """These and one more. Raises ReadError for a second file of its kind."""
        linear, display = (path, self.display) if readers.holds_scene(path) else (self.linear, path)
        taken = self.linear if readers.holds_scene(path) else self.display
        if taken is not None:
            raise ReadError(f"{taken} and {path} are both named {path.stem}.", "Move one of them away.")
        return Files(linear, display)


@dataclass(frozen=True)
class Pair:
    """What was predicted of a scene and its truth; `error` says what is missing of the two.

    `gain` is what makes a linear prediction count in the truth's unit; `frames` are the scene's exposures, for metrics
    that hold a picture against them.
    """

    name: str
    prediction: Files | None
    truth: Files | None
    gain: float = 1.0
    frames: tuple[Path, ...] = ()
    model: str | None = None
    error: HdrcliError | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of both sides, the prediction's first."""
        sides = [side for side in (self.prediction, self.truth) if side]
        return tuple(path for side in sides for path in (side.linear, side.display) if path)


def pairs(prediction: Path, truth: Path) -> tuple[list[Pair], list[str]]:
    """The pairs of two files, or of two folders, and notes on files that stay without.

    A truth that no prediction has the stem of is a pair with an error. Raises UsageError for a file and a folder, and
    ReadError for what is not there or holds no pictures.
    """
    for path in (prediction, truth):
        if not path.exists():
            raise ReadError(f"{path} does not exist.", "Check the spelling of its name.")
    if prediction.is_dir() != truth.is_dir():
        raise UsageError(
            f"{prediction if prediction.is_dir() else truth} is a folder and the other is a file.",
            "Give two files, or two folders whose files have the same names.",
        )
    if not prediction.is_dir():
        for path in (prediction, truth):
            if readers.reader_for(path) is None:
                readers.read_header(path)  # says what can be read
        return [Pair(prediction.stem, Files().with_file(prediction), Files().with_file(truth))], []
    predicted, true = by_stem(prediction), by_stem(truth)
    extra = [files.first for stem, files in predicted.items() if stem not in true]
    notes = [f"{path} has no truth in {truth} and is left." for path in extra]
    return list(_matched(predicted, true, prediction)), notes


def alone(prediction: Path) -> tuple[list[Pair], list[str]]:
    """Predictions without truth, a file or those in a folder, to be held against their frames; and no notes."""
    if prediction.is_dir():
        return [Pair(stem, files, Files()) for stem, files in by_stem(prediction).items()], []
    readers.read_header(prediction)  # says what is not there or cannot be read
    return [Pair(prediction.stem, Files().with_file(prediction), Files())], []


def by_stem(folder: Path) -> dict[str, Files]:
    """The pictures in a folder by their stem, in the order of names. Raises ReadError when there are none."""
    found: dict[str, Files] = {}
    for path in sorted(folder.iterdir()):
        if readers.is_frame(path) and path.is_file() and not path.name.startswith("."):
            found[path.stem] = found.get(path.stem, Files()).with_file(path)
    if not found:
        raise ReadError(f"{folder} holds no pictures.", "Name a folder with EXR, HDR, PNG, TIFF or JPEG files.")
    return found


def _matched(predicted: dict[str, Files], true: dict[str, Files], folder: Path) -> Iterator[Pair]:
    for stem, truth in true.items():
        missing = None
        if stem not in predicted:
            missing = ReadError(f"{folder} has no prediction of {truth.first.name}.", f"Put {stem}.exr there.")
        yield Pair(stem, predicted.get(stem), truth, error=missing)
