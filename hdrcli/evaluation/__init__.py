"""evaluate(): how good predictions are, or the models that make them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hdrcli import datasets, limits, settings
from hdrcli.batch import DONE, Progress
from hdrcli.comparison import Viewing
from hdrcli.errors import ReadError, UsageError, choices_hint
from hdrcli.evaluation import fusing, summaries
from hdrcli.evaluation.judging import Draw, Judging, judge
from hdrcli.evaluation.pairing import Pair, alone, pairs
from hdrcli.protocols import PROTOCOLS
from hdrcli.readers import is_frame
from hdrcli.scores import Evaluation, Score


@limits.heeding
def evaluate(
    prediction: str | Path,
    truth: str | Path | None = None,
    *,
    models: Iterable[str] | str | None = None,
    metrics: Iterable[str] | str | None = None,
    white: float | str | None = None,
    gain: str = "none",
    protocol: str | None = None,
    viewing: Viewing | None = None,
    bracket: str | Path | None = None,
    layout: str = "auto",
    output: str | Path = "evaluated",
    draw: Draw | None = None,
    progress: Progress = lambda name, stage, share: None,
    on_pairs: Callable[[int], None] = lambda count: None,
    on_score: Callable[[Score], None] = lambda score: None,
    **options: Any,
) -> Evaluation:
    """Measure a prediction against its truth (files, or folders matched by stem), or `models` on a data set.

    `models` fuse every scene of the data set `prediction` to `output`/MODEL, with `options` of `hdrcli.fuse`. `bracket`
    is the folder of the frames that a picture was fused from, or holds one for each picture. `draw` is handed the
    images of each figure. A pair that cannot be measured is a score with its error, and the others go on. Raises
    UsageError for options that cannot be meant, and ReadError for a folder with nothing to measure.
    """
    judging = Judging(_names(metrics), white, gain, protocol, viewing or Viewing())  # type: ignore[arg-type]
    told: dict[str, Any] = {**asdict(judging), **{name: str(value) for name, value in options.items()}}
    if models is not None or (truth is None and bracket is None):
        data_set = Path(prediction), _models(_names(models), truth), layout, Path(output)
        found, notes = _fused(*data_set, judging, progress, options, told)
    else:
        found, notes = alone(Path(prediction)) if truth is None else pairs(Path(prediction), Path(truth))
    found = [_with_frames(pair, Path(bracket)) for pair in found] if bracket is not None else found
    on_pairs(len(found))
    scores = list(_judged(found, judging, draw, progress, on_score))
    return Evaluation(tuple(scores), summaries.summaries(scores), summaries.contests(scores), told, tuple(notes))


def _judged(
    found: Sequence[Pair], judging: Judging, draw: Draw | None, progress: Progress, on_score: Callable[[Score], None]
) -> Iterator[Score]:
    for pair in found:
        name = f"{pair.name} {pair.model}" if pair.model else pair.name
        progress(name, "measuring", 0.0)
        score = judge(pair, judging, draw)
        progress(name, DONE, 1.0)
        on_score(score)
        yield score


def _names(given: Iterable[str] | str | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return tuple(dict.fromkeys(given.split(",") if isinstance(given, str) else given))


def _models(names: Sequence[str] | None, truth: str | Path | None) -> Sequence[str]:
    if truth is not None:
        raise UsageError("--model is for data sets, and a truth is given.", "Leave out the truth, or --model.")
    if not names:
        raise UsageError(
            "There is nothing to measure against.",
            "Give a truth, its frames with --bracket, or --model dfgnet with a data set.",
        )
    for name in names:
        if name not in settings.models():
            raise UsageError(f'--model has no "{name}".', choices_hint(name, settings.models()))
    return names


def _fused(
    root: Path,
    models: Sequence[str],
    layout: str,
    output: Path,
    judging: Judging,
    progress: Progress,
    options: dict[str, Any],
    told: dict[str, Any],
) -> tuple[list[Pair], list[str]]:
    """The scenes of a data set, fused by each model."""
    found_layout, scenes, notes = datasets.find(root, layout)
    told |= {"layout": found_layout, "models": list(models)}
    if judging.protocol:
        scenes = fusing.staged(scenes, PROTOCOLS[judging.protocol], output)
    made: list[Pair] = []
    for model in models:
        fused = fusing.fuse(scenes, model, output, progress, **options)
        made += fused.pairs
        notes += [note for note in fused.notes if note not in notes]
    return made, notes


def _with_frames(pair: Pair, bracket: Path) -> Pair:
    """The pair with the frames in `bracket`, or in its folder of the pair's name."""
    folder = bracket / pair.name if (bracket / pair.name).is_dir() else bracket
    if not folder.is_dir():
        raise ReadError(f"{folder} is no folder of frames.", "Name the folder of the bracket.")
    frames = tuple(path for path in sorted(folder.iterdir()) if is_frame(path) and path.is_file())
    if len(frames) < 2:
        raise ReadError(f"{folder} holds {len(frames)} frames.", "Name the folder of the bracket.")
    return replace(pair, frames=frames)
