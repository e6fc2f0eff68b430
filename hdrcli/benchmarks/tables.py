"""What was measured as tables, for a terminal or as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hdrcli.benchmarks import floor

Row = Mapping[str, Any]
GB = 1e9
ORDER = ("starting", "reading", "aligning", "looking for motion", "fusing", "network", "merging", "writing")
"""Stages as they follow one another."""


@dataclass(frozen=True)
class Table:
    """A title, columns, and rows of words; all but the first `texts` columns are numbers. `note` explains them."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    texts: int = 1
    note: str = ""


def tables(done: Mapping[str, Any]) -> list[Table]:
    """All tables that have rows."""
    made = [_environment(done), _rates(done), _whole(done), _stages(done), _networks(done), _precision(done)]
    made += [_scaling(done, "frames"), _scaling(done, "brackets"), _warm(done)]
    return [one for one in made if one.rows]


def markdown(table: Table) -> str:
    """The table under a heading of the third level."""
    ruler = ["---" if place < table.texts else "---:" for place in range(len(table.columns))]
    lines = [_line(table.columns), _line(ruler), *map(_line, table.rows)]
    return "\n".join([f"### {table.title}", "", *([table.note, ""] if table.note else []), *lines, ""])


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def spread(one: Mapping[str, Any] | None, digits: int = 2, unit: float = 1.0) -> str:
    """A median with the least and the most, where there are several rounds."""
    if one is None:
        return "-"
    median, least, most = (f"{one[name] / unit:.{digits}f}" for name in ("median", "least", "most"))
    return median if least == most else f"{median} ({least}–{most})"


def _environment(done: Row) -> Table:
    found = done["environment"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items() if version)
    rows = [
        ("Date", found["date"]),
        ("Processor", f"{found['processor']}, {found['cores']} cores used, {found['instructions']}"),
        ("Memory", f"{found['memory'] / GB:.0f} GB"),
        ("Device", found["device"] or "-"),
        ("Threads", ", ".join(f"{name} {count}" for name, count in found["threads"].items())),
        ("Versions", versions),
    ]
    return Table("Environment", ("Of", "it is"), rows, texts=2)


def _rates(done: Row) -> Table:
    rows = [
        (one["precision"], f"{one['rate'] / 1e9:.0f}", f"{one['channels']}", f"{one['side']}") for one in done["rates"]
    ]
    columns = ("Numbers", "GFLOP/s", "Channels", "Side, pixels")
    return Table("The machine's rate", columns, rows, note="The best of 3x3 convolutions, channels last.")


def _size(row: Row) -> str:
    return f"{row['megapixels']:.3g}"


def _whole(done: Row) -> Table:
    rates = floor.by_precision(done["rates"])
    rows = []
    for one in done["whole"]:
        share = floor.share_of_whole(one, done["networks"], rates)
        figures = (spread(one["wall"]), spread(one["cpu"]), spread(one["memory"], unit=GB))
        beside = (
            *(spread(one.get(name)) for name in ("ratio", "cpu_ratio")),
            "-" if share is None else f"{100 * share:.0f} %",
        )
        output = f"{one['output_bytes'] / 1e6:.1f}"
        rows.append((one["model"], one["program"], one["format"], _size(one), *figures, *beside, output))
    columns: tuple[str, ...] = ("Model", "Program", "To", "MP", "Wall s", "CPU s", "Peak GB")
    columns += ("Wall, ours / its", "CPU, ours / its", "Of the rate", "File MB")
    note = "From frames on the disk to a file on the disk. Ours / its: hdrcli --align off over the program, in turn."
    return Table("Whole processes", columns, rows, texts=3, note=note)


def _stages(done: Row) -> Table:
    rows = [one for one in done["whole"] if one.get("stages")]
    return _of_stages("Stages of hdrcli, in seconds", rows, lambda one: (one["model"], one["program"], one["format"]))


def _of_stages(title: str, found: Sequence[Row], about: Callable[[Row], tuple[str, ...]], note: str = "") -> Table:
    names = sorted({name for one in found for name in one["stages"]}, key=_place)
    heads = ("Model", "Program", "To")
    rows = [(*about(one), _size(one), *(spread(one["stages"].get(name)) for name in names)) for one in found]
    count = len(about(found[0])) if found else 0
    return Table(title, (*heads[:count], "MP", *names), rows, texts=count, note=note)


def _place(stage: str) -> tuple[int, str]:
    return (ORDER.index(stage) if stage in ORDER else len(ORDER), stage)


def _networks(done: Row) -> Table:
    rates = floor.by_precision(done["rates"])
    rows = []
    for one in done["networks"]:
        least, share, took = floor.microseconds(one, rates), floor.share(one, rates), one["microseconds"]
        figures = [spread(took[name]) for name in ("eager", "fp32", "bf16")]
        faster = [spread(one["times_faster"][name]) for name in ("fp32", "bf16")]
        floors = [f"{least[name]:.2f}" if name in least else "-" for name in ("fp32", "bf16")]
        shares = [f"{100 * share[name]:.0f} %" if name in share else "-" for name in ("fp32", "bf16")]
        about: tuple[str, ...] = (
            one["model"],
            f"{one['width']}x{one['height']}",
            f"{one['operations_per_pixel'] / 1e6:.3f}",
        )
        rows.append((*about, *figures, *faster, *floors, *shares, f"{one['tiled_untiled']:.1e}"))
    columns: tuple[str, ...] = (
        "Model",
        "Pixels",
        "MFLOP",
        "Whole, eager",
        "fp32",
        "bf16",
        "Faster, fp32",
        "Faster, bf16",
    )
    columns += ("Floor fp32", "Floor bf16", "Of it, fp32", "Of it, bf16", "Tiled - untiled")
    note = "Microseconds a pixel. Whole, eager: plain PyTorch in fp32, NCHW, as the authors' programs run it."
    return Table("Networks by the pixel", columns, rows, note=note)


def _precision(done: Row) -> Table:
    rows = [
        (one["model"], _size(one), f"{one['largest']}", f"{one['mean']:.4f}", f"{100 * one['above_one']:.4f} %")
        for one in done["precision"]
    ]
    columns = ("Model", "MP", "Largest", "Mean", "By more than one")
    return Table("bf16 against fp32", columns, rows, note="PNGs, in levels of 255, without the static merge.")


def _scaling(done: Row, what: str) -> Table:
    rows = []
    for one in (row for row in done["scaling"] if row["what"] == what):
        figures = (spread(one["wall"]), spread(one["cpu"]), spread(one["memory"], unit=GB))
        rows.append((one["model"], _size(one), f"{one['count']}", *figures))
    return Table(f"By {what}", ("Model", "MP", what.capitalize(), "Wall s", "CPU s", "Peak GB"), rows)


def _warm(done: Row) -> Table:
    found, at = done["warm"], done["environment"]
    title = f"One process, bracket after bracket, on {at['device']}, {at['date']}, in seconds"
    note = "The first bracket is not counted. network: from decoded frames to the network's result."
    return _of_stages(title, found, lambda one: (one["model"],), note)
