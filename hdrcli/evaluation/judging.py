"""From a pair of files to its figures: what can be held against what, made comparable, and measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from hdrcli import admission, batch, footprint, plugins, readers, settings
from hdrcli.comparison import Comparison, Kind, Viewing
from hdrcli.contracts import Metric
from hdrcli.errors import MetricError, ReadError, UsageError, choices_hint
from hdrcli.evaluation import light
from hdrcli.evaluation.pairing import Files, Pair
from hdrcli.exposure import encoded_pixels
from hdrcli.protocols import PROTOCOLS, Protocol
from hdrcli.scores import Score

_KINDS: tuple[Kind, ...] = ("linear", "display", "tone-mapped", "fused")

_NEEDS: dict[Kind, str] = {
    "linear": "two linear files (EXR, HDR)",
    "display": "two display pictures (PNG, JPEG, TIFF)",
    "tone-mapped": "a display picture and a linear truth",
    "fused": "a display picture and the frames it was fused from (--bracket)",
}

Draw = Callable[[Pair, str, Metric, Comparison], None]
"""Told of each figure that is measured, with what it was measured on: for maps and pages."""


@dataclass(frozen=True)
class Judging:
    """How pairs are judged: the options of `evaluate` that decide the figures.

    `metrics` None are the usual ones that a pair allows. `white` divides both images ("auto": the truth's maximum),
    `gain` "lsq" scales the prediction. Raises UsageError for options that cannot be meant.
    """

    metrics: tuple[str, ...] | None = None
    white: float | Literal["auto"] | None = None
    gain: light.Gain = "none"
    protocol: str | None = None
    viewing: Viewing = field(default_factory=Viewing)

    def __post_init__(self) -> None:
        light.check_white(self.white)
        for option, value, known in (
            ("--gain", self.gain, settings.GAINS),
            ("--protocol", self.protocol, tuple(PROTOCOLS)),
            *(("--metrics", name, tuple(plugins.names("metrics"))) for name in self.metrics or ()),
        ):
            if value is not None and value not in known:
                raise UsageError(f'{option} has no "{value}".', choices_hint(value, known))
        if self.metrics == ():
            raise UsageError("--metrics names no metric.", "Type hdrcli eval --list to see them.")
        for name, number in (
            ("--peak-luminance", self.viewing.peak_luminance),
            ("--pixels-per-degree", self.viewing.pixels_per_degree),
        ):
            if not 0 < number < np.inf:
                raise UsageError(f"{name} {number} is not above 0.", "Leave it out for the usual value.")


def metric(name: str) -> Metric:
    """The record of a metric."""
    found: Metric = plugins.load("metrics", name).METRIC
    return found


def judge(pair: Pair, judging: Judging, draw: Draw | None = None) -> Score:
    """The figures of a pair; what goes wrong is the score's `error`."""
    if not pair.files:
        raise ValueError(f"{pair.name} has no files")
    truth = pair.truth.first_of_any if pair.truth else None
    score = Score(pair.name, pair.files[0], truth, model=pair.model, error=pair.error)
    if pair.error:
        return score
    notes: list[str] = []
    try:
        values = _measured(pair, judging, notes, draw)
    except Exception as error:  # noqa: BLE001 (a bug that one pair lays bare must not cost the others)
        told = batch.in_words(error, str(pair.files[0]), "Close other programs, or give smaller images.")
        return replace(score, error=told, notes=tuple(notes))
    return replace(score, values=values, notes=tuple(notes))


def _measured(pair: Pair, judging: Judging, notes: list[str], draw: Draw | None) -> dict[str, float]:
    """All figures of a pair, if there is memory for it."""
    pair = _as_shown(pair, notes)
    chosen = _by_kind(pair, judging.metrics, _kinds(pair))
    headers = [readers.read_header(path) for path in pair.files]
    needed = footprint.of_pair(headers, set(chosen.values()), len(pair.frames), drawn=draw is not None)
    with admission.admitted(str(pair.files[0]), needed, lambda: None):
        return _figures(pair, chosen, judging, notes, draw)


def _figures(
    pair: Pair, chosen: Mapping[str, Kind], judging: Judging, notes: list[str], draw: Draw | None
) -> dict[str, float]:
    """The figures, kind by kind, so that no more than two images are held at a time."""
    values: dict[str, float] = {}
    for kind in _KINDS:
        if not (names := [name for name, its_kind in chosen.items() if its_kind == kind]):
            continue
        comparison = _comparison(pair, kind, judging, notes)
        if any(metric(name).peaks_at_white for name in names):
            _say_above_white(comparison, pair, notes)
        for name in names:
            record = metric(name)
            values |= dict(zip(record.figures, record.measure(comparison), strict=True))
            if draw:
                draw(pair, name, record, comparison)
    order = judging.metrics or [name for kind in _KINDS for name in chosen if chosen[name] == kind]
    return {figure: values[figure] for name in order for figure in metric(name).figures}


def _as_shown(pair: Pair, notes: list[str]) -> Pair:
    """The pair without a linear prediction that is only a display picture decoded to linear light."""
    predicted = _given(pair.prediction)
    if predicted.linear is None:
        return pair
    if not readers.read_header(predicted.linear).is_display_referred:
        return pair
    notes.append(f"{predicted.linear} is a display picture decoded to linear light, and is judged as a picture")
    return replace(pair, prediction=Files(None, predicted.display or predicted.linear))


def _given(files: Files | None) -> Files:
    if files is None:
        raise ValueError("a pair without error has both sides")
    return files


def _kinds(pair: Pair) -> list[Kind]:
    predicted, true = _given(pair.prediction), _given(pair.truth)
    possible: dict[Kind, bool] = {
        "linear": bool(predicted.linear and true.linear),
        "display": bool(predicted.display and true.display),
        "tone-mapped": bool(predicted.display and true.linear),
        "fused": bool(predicted.display and pair.frames),
    }
    return [kind for kind in _KINDS if possible[kind]]


def _by_kind(pair: Pair, asked: Sequence[str] | None, kinds: list[Kind]) -> dict[str, Kind]:
    """The metrics to measure, each with the kind of comparison that it prefers among those there can be."""
    if not asked and pair.model:  # frames that moved would make a ghost look right: only who asks for it
        kinds = [kind for kind in kinds if kind != "fused"]
    chosen: dict[str, Kind] = {}
    for name in asked or plugins.names("metrics"):
        record = metric(name)
        usable = [kind for kind in record.compares if kind in kinds]
        if usable and (asked or (record.usual and not record.needs)):
            chosen[name] = usable[0]
        elif asked and not usable:
            raise MetricError(
                f"{pair.name}: {name} takes {' or '.join(_NEEDS[kind] for kind in record.compares)}, "
                f"and got {_words(pair)}.",
                "Leave it out of --metrics, or give such files.",
            )
    if not chosen:
        raise MetricError(
            f"{pair.name}: no metric compares {_words(pair)}.",
            "Give two linear files, two pictures, or a picture and its linear truth.",
        )
    return chosen


def _words(pair: Pair) -> str:
    words = [path.name for path in pair.files]
    return " and ".join([*words, f"{len(pair.frames)} frames"] if pair.frames else words)


def _comparison(pair: Pair, kind: Kind, judging: Judging, notes: list[str]) -> Comparison:
    """Both images as the metrics of a kind take them."""
    protocol = PROTOCOLS.get(judging.protocol or "")
    if kind == "linear":
        return _linear(pair, judging, protocol, notes)
    path = _path(_given(pair.prediction).display)
    picture = _display(path, protocol)
    if kind == "fused":
        return Comparison(kind, picture, _frames(pair, protocol, path, picture), judging.viewing)
    true = _given(pair.truth)
    if kind == "display":
        true_path = _path(true.display)
        truth = _display(true_path, protocol)
        truth = protocol.stretched(truth) if protocol else truth
    else:
        true_path = _path(true.linear)
        truth = light.read(true_path, notes)
        truth = protocol.resized(truth) if protocol else truth
    _check_sizes(path, picture, true_path, truth)
    return Comparison(kind, picture, truth, judging.viewing)


def _frames(pair: Pair, protocol: Protocol | None, path: Path, picture: np.ndarray) -> tuple[np.ndarray, ...]:
    frames = tuple(_display(frame, protocol) for frame in pair.frames)
    for frame_path, frame in zip(pair.frames, frames, strict=True):
        _check_sizes(path, picture, frame_path, frame)
    return frames


def _linear(pair: Pair, judging: Judging, protocol: Protocol | None, notes: list[str]) -> Comparison:
    files = _path(_given(pair.prediction).linear), _path(_given(pair.truth).linear)
    prediction, truth = (light.read(path, notes) for path in files)
    if protocol:
        prediction, truth = protocol.resized(prediction), protocol.resized(truth)
    _check_sizes(files[0], prediction, files[1], truth)
    white = light.white_of(truth, files[1], judging.white)
    gain = pair.gain * light.gain_of(prediction, truth, judging.gain)
    if judging.gain == "lsq":
        notes.append(f"{pair.name}: prediction times {gain:.6g} (least squares)")
    if judging.white is not None:
        notes.append(f"{pair.name}: both divided by {white:.6g}")
    if gain != white:
        prediction = prediction * np.float64(gain / white)
    if white != 1:
        truth = truth / np.float64(white)
    return Comparison("linear", prediction, truth, judging.viewing)


def _say_above_white(comparison: Comparison, pair: Pair, notes: list[str]) -> None:
    for image, what in ((comparison.prediction, "prediction"), (comparison.reference, "truth")):
        share = float((image > 1).any(axis=2).mean())
        if share:
            notes.append(f"{pair.name}: {100 * share:.2g} % of the {what} is above white and counts as white")


def _display(path: Path, protocol: Protocol | None) -> np.ndarray:
    """A display picture, (H, W, 3) float32 in [0, 1]; linear files are encoded by sRGB."""
    pixels = encoded_pixels(readers.read(path))
    return protocol.resized(pixels) if protocol else pixels


def _path(path: Path | None) -> Path:
    if path is None:
        raise ValueError("a kind of comparison whose files are not there")
    return path


def _check_sizes(path: Path, image: np.ndarray, other_path: Path, other: np.ndarray) -> None:
    if image.shape != other.shape:
        one, two = (f"{p} is {i.shape[1]}x{i.shape[0]}" for p, i in ((path, image), (other_path, other)))
        raise ReadError(f"{one} but {two}.", "Give images of one size; nothing is resized unless --protocol says so.")
