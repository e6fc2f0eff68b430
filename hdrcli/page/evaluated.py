"""The page of `eval`: each prediction beside its truth, its errors and the frames, with the figures."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.errors import HdrcliError
from hdrcli.evaluation.pairing import Pair
from hdrcli.evaluation.summaries import in_words
from hdrcli.file_state import FileState
from hdrcli.manifest import Manifest
from hdrcli.page import document, words
from hdrcli.page.compared import Compared
from hdrcli.page.contents import File, Page, Scene, Table, View
from hdrcli.page.pictures import Allowance
from hdrcli.scores import Evaluation, Score, Summary, shown

SUMS = ("mean", "median", "worst")


class EvaluatedPage:
    """Gathers pairs as they are measured: hand `expect` to `evaluate` as `on_pairs` and the page itself as `draw`.

    Raises WriteError for a `path` that exists and is no page of hdrcli, unless `overwrite`, and UsageError for one that
    does not end in .html.
    """

    def __init__(self, path: str | Path, *, title: str = "Evaluation", overwrite: bool = False) -> None:
        self._title = title
        self.path = document.checked(Path(path), overwrite=overwrite)
        self._allowance = Allowance.of(1)
        self._compared: dict[str, Compared] = {}

    def expect(self, count: int) -> None:
        """The number of pairs, which share the page's size."""
        self._allowance = Allowance.of(count)

    def __call__(self, pair: Pair, name: str, metric: Metric, comparison: Comparison) -> None:
        """Keep encoded pictures of what a figure was measured on; its pixels are not kept."""
        scene = self._compared.setdefault(pair.name, Compared(self._allowance))
        scene.add(pair, name, metric, comparison)

    def write(self, done: Evaluation) -> bool:
        """Write the page; not at all, and False, where nothing was measured. Raises WriteError."""
        if not self._compared:
            return False
        names = list(dict.fromkeys(score.name for score in done.scores))
        scenes = [self._scene(name, [score for score in done.scores if score.name == name]) for name in names]
        notes = (*done.notes, *in_words(done.contests))
        table = _table(done) if len(done.scores) > 1 else None
        page = Page(self._title, "measured", scenes, table, notes, words.settings(done.settings))
        document.write(self.path, page)
        return True

    def _scene(self, name: str, scores: Sequence[Score]) -> Scene:
        told = {f"{score.model}: {score.error.message}" if score.model else score.error.message: score.error.hint
                for score in scores if score.error}  # fmt: skip
        if (compared := self._compared.get(name)) is None:
            return Scene(name, status="failed", error=" ".join(f"{error} {hint}" for error, hint in told.items()))
        values = {(score.model, figure): value for score in scores for figure, value in score.values.items()}
        others = tuple(_with_figure(view, *key, values) for key, view in compared.sorted_others().items())
        models = ", ".join(score.model for score in scores if score.model)
        size = compared.size
        return Scene(
            name,
            " · ".join(part for part in (models, f"{size[0]} × {size[1]}") if part),
            results=tuple(compared.results.values()),
            others=others,
            range=compared.range,
            parts=compared.shown_parts(),
            table=_figures(scores, bool(models)),
            notes=(*told, *dict.fromkeys(note for score in scores for note in score.notes)),
            files=_files(scores, compared),
        )


def _with_figure(view: View, model: str | None, figure: str, values: dict[tuple[str | None, str], float]) -> View:
    """An error map with what it sums up to."""
    if view.role != "map" or (model, figure) not in values:
        return view
    return replace(view, words=shown(values[model, figure]))


def _figures(scores: Sequence[Score], has_models: bool) -> Table:
    """The figures of one scene, a row for each prediction."""
    columns = list(dict.fromkeys(figure for score in scores for figure in score.values))
    rows = [(score.model or score.prediction.name, *_cells(score.values, columns)) for score in scores]
    return Table(("Model" if has_models else "Prediction", *columns), tuple(rows), best=_best(scores, columns, 1))


def _table(done: Evaluation) -> Table:
    """The figures of all scenes, and their sums for each model."""
    columns = list(dict.fromkeys(figure for score in done.scores for figure in score.values))
    models = list(dict.fromkeys(score.model for score in done.scores))
    named = [""] * any(models)
    rows = [(score.name, *(score.model or "" for _ in named), *_cells(score.values, columns)) for score in done.scores]
    sums = []
    for model in models:
        own = {one.figure: one for one in done.summaries if one.model == model}
        for word in SUMS:
            values = {figure: getattr(one, word) for figure, one in own.items()}
            sums.append((word, *(model or "" for _ in named), *_cells(values, columns)))
        if any(one.low is not None for one in own.values()):
            ranges = (_interval(own.get(figure)) for figure in columns)
            sums.append(("95 % of means", *(model or "" for _ in named), *ranges))
    return Table(("Scene", *("Model" for _ in named), *columns), tuple(rows), 1 + len(named), sums=tuple(sums))


def _interval(one: Summary | None) -> str:
    return "" if one is None or one.low is None or one.high is None else f"{shown(one.low)} … {shown(one.high)}"


def _cells(values: object, columns: Sequence[str]) -> list[str]:
    return [shown(values.get(figure)) for figure in columns] if isinstance(values, dict) else []


def _best(scores: Sequence[Score], columns: Sequence[str], first: int) -> frozenset[tuple[int, int]]:
    """The places in the table of the best figure of each column, where there are several predictions."""
    if len(scores) < 2:
        return frozenset()
    best = set()
    for column, figure in enumerate(columns, first):
        known = [(score.values[figure], row) for row, score in enumerate(scores) if figure in score.values]
        best |= {(row, column) for value, row in known if value == max(known)[0] and len(known) > 1}
    return frozenset(best)


def _files(scores: Sequence[Score], compared: Compared) -> tuple[File, ...]:
    """What was measured, with the weights that made it where a fused.json beside it tells."""
    roles = [(path, "frame") for path in compared.frames]
    roles += [(score.truth, "truth") for score in scores if score.truth]
    roles += [(path, "prediction") for path in compared.predictions]
    found = []
    for path, role in dict.fromkeys(roles):
        with suppress(OSError):  # gone since it was measured: its figures stand
            state = FileState.of(path)
            found.append(File(str(path), role, state.sha256, state.size))
    for path in compared.predictions:
        with suppress(HdrcliError):  # a fused.json that is another program's
            making = Manifest(path.parent).making(path)
            if making and making.weights:
                found.append(File(f"weights of {making.model}", "weights", making.weights, 0))
    return tuple(dict.fromkeys(found))
