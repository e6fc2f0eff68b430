"""Why a dry run of thousands of brackets is quick and small: what it reads and asks for each, and what it keeps."""

from __future__ import annotations

import io
import os
import pickle
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from hdrcli import pipeline, readers
from hdrcli.cli import console
from hdrcli.plan import make_plans
from hdrcli.reading import read_bracket
from hdrcli.settings import FuseSettings
from tests.conftest import MakeBracket
from tests.readers.samples import exif, jpeg

COMMENT = b"\0" * 8 + bytes(range(256)) * 150


def folders(parent: Path, bracket: Path, count: int) -> Path:
    """Folders that each hold the bracket."""
    for number in range(count):
        folder = parent / f"scene{number}"
        folder.mkdir(parents=True)
        for frame in bracket.iterdir():
            os.link(frame, folder / frame.name)
    return parent


def heap(parent: Path, count: int) -> Path:
    """One folder of so many pairs of frames that tell nothing of their exposure."""
    parent.mkdir()
    frame = jpeg(parent / "0.jpg")
    for number in range(1, 2 * count):
        shutil.copyfile(frame, parent / f"{number}.jpg")  # a link would be a second name of one frame
    return parent


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """The files that are opened by name, and how often the system is asked for what there is."""
    calls: Counter[str] = Counter()

    def watched(real: Any, label: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            calls[label(arguments)] += 1
            return real(*arguments, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", watched(Path.open, lambda arguments: str(arguments[0])))
        for name in ("stat", "lstat", "listdir", "scandir"):
            patch.setattr(os, name, watched(getattr(os, name), lambda _, name=name: name))
        yield calls


def dry_run(inputs: Path, **options: Any) -> Counter[str]:
    with counted() as calls:
        report = pipeline.fuse(inputs, output=inputs.parent / "fused", dry_run=True, **options)
    assert {bracket.status for bracket in report.brackets} == {"planned"}
    return calls


def test_each_frame_is_opened_once(tmp_path: Path, make_bracket: MakeBracket) -> None:
    inputs = folders(tmp_path / "in", make_bracket(tmp_path / "one"), 100)
    calls = dry_run(inputs)
    frames = list(inputs.glob("*/*.jpg"))
    assert len(frames) == 300
    assert {calls[str(frame)] for frame in frames} == {1}


@pytest.mark.parametrize("kind", ["folders", "heap"])
def test_each_bracket_more_asks_the_same_of_the_system(kind: str, tmp_path: Path, make_bracket: MakeBracket) -> None:
    asked = []
    for count in (0, 20, 40, 60):  # the first loads what is loaded once
        options: dict[str, Any] = {"size": 2} if kind == "heap" else {}
        if kind == "heap":
            inputs = heap(tmp_path / f"h{count}", count or 2)
        else:
            inputs = folders(tmp_path / f"f{count}", make_bracket(tmp_path / "one"), count or 2)
        calls = dry_run(inputs, **options)
        asked.append([calls[name] for name in ("stat", "lstat", "listdir", "scandir")])
    first, second, third = asked[1:]
    assert [b - a for a, b in zip(first, second, strict=True)] == [c - b for b, c in zip(second, third, strict=True)]
    stats, links, lists, scans = (b - a for a, b in zip(first, second, strict=True))
    frames = 20 * (2 if kind == "heap" else 3)
    assert stats <= 4 * frames + 20 * 8
    assert links <= 20 * 2 * (len(inputs.parts) + 1)  # two real paths a folder, which look at each part
    assert (lists, scans) <= ((0, 0) if kind == "heap" else (20, 40))


def test_plans_keep_no_exif_block(tmp_path: Path) -> None:
    frames = []
    for number, time in enumerate([(1, 400), (1, 100), (1, 25)]):
        block = exif(exposure_time=time, more={0x9286: COMMENT, 0x927C: COMMENT[:20000]})
        frames.append(jpeg(tmp_path / f"{number}.jpg", exif=block))
    settings = FuseSettings(output=tmp_path / "fused")
    (plan,) = make_plans(frames, settings).brackets
    assert len(readers.read_header(frames[0]).exif or b"") > len(COMMENT)
    assert all(len(pickle.dumps(header)) < 1000 for header in plan.frames)

    read = read_bracket(plan, settings)
    reference = read.headers[read.bracket.reference]
    assert reference == readers.read_header(reference.path)
    assert COMMENT in (reference.exif or b"")


def test_a_table_for_a_file_is_as_rich_makes_it() -> None:
    rows = console.table("Name", "Frames", "", right=("Frames",))
    for name, frames, last in (("plain", "3", "x"), ("漢字", "12", ""), ("é", "1234567", "a longer cell")):
        rows.add_row(console.plain(name), frames, console.plain(last))
    theirs, ours = io.StringIO(), io.StringIO()
    Console(file=theirs, width=10_000).print(rows)
    console.print_table(rows, Console(file=ours, width=10_000))
    assert ours.getvalue() == theirs.getvalue()
