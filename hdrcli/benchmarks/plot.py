"""Time and memory against pixels, frames and brackets, as one picture.

Both axes are logarithmic. What grows in proportion follows the dotted line, of slope 1; what a process takes to start
makes lines flatter on the left.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from hdrcli.benchmarks.whole import OURS
from hdrcli.errors import UsageError
from hdrcli.settings import models

Row = Mapping[str, Any]
Points = dict[str, list[tuple[float, float]]]
LABELS = {"wall": "Wall time, s", "memory": "Peak memory, GB"}
UNITS = {"wall": 1.0, "memory": 1e9}


def check() -> None:
    """Raises UsageError where there is nothing to plot with."""
    if find_spec("matplotlib") is None:
        raise UsageError("--output draws a plot, and matplotlib is not installed.", "Type pip install 'hdrcli[bench]'.")


def png(done: Mapping[str, Any]) -> bytes:
    """The plot of all that was measured at several sizes or counts, and of what was at one as points."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns: list[tuple[str, Sequence[Row], Callable[[Row], float]]] = []
    if done["whole"]:
        columns.append(("Megapixels of a frame", done["whole"], lambda row: row["megapixels"]))
    for what in ("frames", "brackets"):
        rows: Sequence[Row] = [row for row in done["scaling"] if row["what"] == what]
        if rows:
            columns.append((f"{what.capitalize()}, {rows[0]['megapixels']:.3g} MP", rows, lambda row: row["count"]))
    figure = Figure(figsize=(5.5 * max(len(columns), 1), 9), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, max(len(columns), 1), squeeze=False)
    names = list(dict.fromkeys(_name(row) for _, rows, _ in columns for row in rows))
    for column, (label, rows, place) in enumerate(columns):
        for down, what in enumerate(LABELS):
            _panel(axes[down][column], points(rows, place, what), names, label, LABELS[what])
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110)
    return drawn.getvalue()


def points(rows: Sequence[Row], place: Callable[[Row], float], figure: str) -> Points:
    """The points of each model and program, from left to right; of several formats only PNG."""
    found: Points = {}
    for row in rows:
        if row.get("format", "png") == "png":
            found.setdefault(_name(row), []).append((place(row), row[figure]["median"] / UNITS[figure]))
    return {name: sorted(line) for name, line in found.items()}


def _name(row: Row) -> str:
    """A model of ours by its name, with the options it was given; a peer by its own."""
    program = row.get("program", OURS)
    return row["model"] + program.removeprefix(OURS) if program.startswith(OURS) else program


def _panel(axes: Any, lines: Points, names: Sequence[str], across: str, up: str) -> None:
    """One figure against one measure; from each line's first point, what growth in proportion would be."""
    from matplotlib.ticker import LogLocator

    axes.set(xscale="log", yscale="log", xlabel=across, ylabel=up)
    proportion = "in proportion"
    for name, line in lines.items():
        style = {"marker": "o", "color": f"C{names.index(name)}", "label": name}
        axes.plot(*zip(*line, strict=True), linestyle="--" if _is_peer(name) else "-", **style)
        (x0, y0), (x1, _) = line[0], line[-1]
        if x1 > x0:
            axes.plot([x0, x1], [y0, y0 * x1 / x0], ":", color=style["color"], linewidth=1, label=proportion)
            proportion = ""  # named once
    places = sorted({x for line in lines.values() for x, _ in line})
    axes.set_xticks(places, [f"{x:.3g}" for x in places], minor=False)
    axes.set_xticks([], minor=True)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(LogLocator(subs=()))
    axes.grid(True, alpha=0.25)
    axes.legend(fontsize=8)


def _is_peer(name: str) -> bool:
    return name.split(maxsplit=1)[0] not in models()
