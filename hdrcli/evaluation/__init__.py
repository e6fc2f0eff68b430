"""evaluate(): how good predictions are, or the models that make them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hdrcli import datasets, settings
from hdrcli.batch import Progress
from hdrcli.comparison import Viewing
from hdrcli.errors import ReadError, UsageError, choices_hint
from hdrcli.evaluation import fusing, summaries
from hdrcli.evaluation.judging import Draw, Judging, judge
from hdrcli.evaluation.pairing import Pair, pairs
from hdrcli.evaluation.protocols import PROTOCOLS
from hdrcli.readers import is_frame
from hdrcli.scores import Evaluation, Score


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

    With `models`, `prediction` is the folder of a data set in one of `hdrcli.datasets`' layouts; each model fuses every
    scene to `output`/MODEL, and `options` are those of `hdrcli.fuse`. `bracket` is the folder of the frames that a
    picture was fused from, or of one folder for each picture. `draw` is handed the images of each figure. A pair
    that cannot be measured is a score with its error, and the others go on. Raises UsageError for options that cannot
    be meant, and ReadError for a folder that holds nothing to measure.
    """
    judging = Judging(_names(metrics), white, gain, protocol, viewing or Viewing())  # type: ignore[arg-type]
    told: dict[str, Any] = {**asdict(judging), **{name: str(value) for name, value in options.items()}}
    if truth is None:
        chosen = _models(_names(models))
        found, notes = _fused(Path(prediction), chosen, judging, layout, Path(output), progress, options, told)
    else:
        if models is not None:
            raise UsageError("--model is for data sets, and a truth is given.", "Leave out the truth, or --model.")
        found, notes = pairs(Path(prediction), Path(truth))
        found = [_with_frames(pair, Path(bracket)) for pair in found] if bracket else found
    on_pairs(len(found))
    scores = []
    for place, pair in enumerate(found):
        progress(pair.name, "measuring", place / len(found))
        scores.append(judge(pair, judging, draw))
        on_score(scores[-1])
    return Evaluation(tuple(scores), summaries.summaries(scores), summaries.contests(scores), told, tuple(notes))


def _names(given: Iterable[str] | str | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return tuple(dict.fromkeys(given.split(",") if isinstance(given, str) else given))


def _models(names: Sequence[str] | None) -> Sequence[str]:
    if not names:
        raise UsageError("There is nothing to measure against.", "Give a truth, or --model dfgnet with a data set.")
    for name in names:
        if name not in settings.models():
            raise UsageError(f'--model has no "{name}".', choices_hint(name, settings.models()))
    return names


def _fused(
    root: Path,
    models: Sequence[str],
    judging: Judging,
    layout: str,
    output: Path,
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
    from dataclasses import replace

    folder = bracket / pair.name if (bracket / pair.name).is_dir() else bracket
    if not folder.is_dir():
        raise ReadError(f"{folder} is no folder of frames.", "Name the folder of the bracket.")
    frames = tuple(path for path in sorted(folder.iterdir()) if is_frame(path) and path.is_file())
    if len(frames) < 2:
        raise ReadError(f"{folder} holds {len(frames)} frames.", "Name the folder of the bracket.")
    return replace(pair, frames=frames)
