"""Awkward names, links and what is no file: safe, and said. The whole of it is `python -m tests.campaigns.names`."""

from __future__ import annotations

import csv
import json
import logging
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.progress import Progress

from hdrcli.cli import console, progress
from hdrcli.grouping import one_file_name
from tests.campaigns import awkward
from tests.campaigns.commands import Outcome as Judged
from tests.campaigns.names import frames
from tests.cli.conftest import Outcome, Run, files
from tests.conftest import MakeBracket

SHARE = ("bell and title", "markup", "no UTF-8", "right to left", "newlines", "dashes", "longest")


@pytest.fixture(autouse=True)
def within_a_minute() -> Iterator[None]:
    """A pipe that is opened waits for ever."""
    signal.alarm(60)
    yield
    signal.alarm(0)


def judged(outcome: Outcome, *arguments: str) -> list[str]:
    return Judged(arguments, outcome.status, outcome.out, outcome.err, 0.0).faults


@pytest.mark.parametrize("name", SHARE)
def test_names_are_safe_and_said(name: str, run: Run, tmp_path: Path) -> None:
    bracket = awkward.path(tmp_path / "in", awkward.NAMES[name])
    made_of = frames(bracket, [awkward.path(bracket, awkward.NAMES[name], f"{number}.jpg") for number in (1, 2, 3)])
    arguments = ("fuse", "-m", "mertens", "--json", "-o", tmp_path / "out", "--report", tmp_path / "page.html")
    made = run(*arguments, bracket)
    assert made.status == 0, made.err
    assert not judged(made, "--json")
    assert files(tmp_path / "out") == sorted([f"{bracket.name}.exr", f"{bracket.name}.png"])
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert not any(bad in page for bad in "\x1b\x07\u202e")
    made_of[1].write_bytes(made_of[1].read_bytes()[:900])
    broken = run("fuse", "-m", "mertens", "--debug", "-o", tmp_path / "none", bracket)
    assert broken.status == 1
    assert [fault for fault in judged(broken) if "Traceback" not in fault] == []
    assert f"Error: {console.plain(made_of[1])} is damaged" in broken.err


def test_bytes_that_are_no_text_are_escaped_as_a_shell_takes_them(run: Run, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9\\xe9")
    frames(tmp_path / name, [tmp_path / name / f"{number}.jpg" for number in (1, 2)])
    outcome = run("inspect", "--json", tmp_path / name)
    assert outcome.json["brackets"][0]["name"] == r"caf\xe9\xe9"
    assert console.plain(name) == r"caf\xe9\xe9"
    assert json.loads(outcome.out) == json.loads(outcome.out.encode("ascii"))


def test_what_is_escaped() -> None:
    assert console.plain("a\x1b[31m\x07\u202eb\u2028\u009b\xfc\n\udce9") == r"a\x1b[31m\x07\u202eb\u2028\x9bü\n\xe9"
    record = logging.LogRecord("torch", logging.WARNING, "", 0, "%s\n%s", ("a\x1b]0;x\x07", "b"), None)
    assert console.PlainLines().format(record) == "a\\x1b]0;x\\x07\nb"


def test_progress_shows_no_names_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    for method in ("add_task", "update"):
        whole = getattr(Progress, method)

        def watched(self: Progress, *words: object, _whole: object = whole, **more: object) -> object:
            told.extend(map(str, (*words, *more.values())))
            return _whole(self, *words, **more)

        monkeypatch.setattr(Progress, method, watched)
    with progress.Bars() as bars:
        bars.stage("b\x1b[2J", "a\x1b]0;x\x07.jpg", 0.5)
        bars.finished("b\x1b[2J")
    assert r"a\x1b]0;x\x07.jpg" in told
    assert r"b\x1b[2J" in told
    assert all(word.isprintable() for word in told)


@pytest.mark.parametrize("what", awkward.FILES)
@pytest.mark.parametrize("suffix", [".jpg", ".exr", ".dng"])
def test_what_is_no_frame_is_left_or_named(what: str, suffix: str, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    good = frames(folder, [folder / f"{number}.jpg" for number in (1, 2, 3)])
    odd = folder / f"4{suffix}"
    awkward.FILES[what](odd, good[1])
    found = run("fuse", "-m", "mertens", "--dry-run", "--json", folder)
    assert not judged(found, "--json")
    assert found.status == (1 if "failed" in found.out else 0)
    told = [*found.json["left"], *(path for one in found.json["brackets"] for path in one["inputs"])]
    is_folder = what == "folder"  # an empty one is neither frame nor bracket
    assert set(told) | ({str(odd)} if is_folder else set()) == {str(path) for path in (*good, odd)}
    named = run("fuse", "-m", "mertens", "--dry-run", *good, odd)
    once = ("link to a frame", "link to its own folder")  # what is given twice counts once
    if what not in once and not (suffix == ".jpg" and "link to a frame" in what):
        assert named.status == 1
        assert str(odd) in named.err
    assert not judged(named)


@pytest.mark.parametrize("what", ["link to a frame", "hard link to a frame"])
def test_a_second_name_of_a_frame_is_no_frame(what: str, run: Run, tmp_path: Path) -> None:
    good = frames(tmp_path / "in", [tmp_path / "in" / f"{number}.jpg" for number in (1, 2, 3)])
    awkward.FILES[what](tmp_path / "in" / "0.jpg", good[1])
    found = run("inspect", "-m", "mertens", "--json", tmp_path / "in").json
    second = tmp_path / "in" / ("0.jpg" if what == "link to a frame" else "2.jpg")
    assert found["left"] == [str(second)]
    assert found["notes"] == [f"Second names of frames are left: {second}."]
    assert [len(one["frames"]) for one in found["brackets"]] == [3]


def test_a_link_in_circles_that_is_no_frame_is_no_matter(run: Run, tmp_path: Path, make_bracket: MakeBracket) -> None:
    folder = make_bracket(tmp_path / "in")
    (folder / "notes").symlink_to("notes")
    (folder / "back").symlink_to(".")
    found = run("inspect", "--json", folder)
    assert found.status == 0
    assert found.json["notes"] == [f"Links back to a folder that they are in are left: {folder / 'back'}."]


@pytest.mark.parametrize("file", ["fused.json", ".hdrcli-00000000-1-00000000.jsonl", "list.txt", "frame1.jpg.xmp"])
def test_pipes_in_place_of_files_that_are_read_by_the_way(
    file: str, run: Run, tmp_path: Path, make_bracket: MakeBracket
) -> None:
    folder = make_bracket(tmp_path / "in")
    out = folder if file.endswith((".txt", ".xmp")) else tmp_path / "out"
    out.mkdir(exist_ok=True)
    os.mkfifo(out / file)
    outcome = run("fuse", "-m", "mertens", "--skip-existing", "-o", tmp_path / "out", folder)
    assert outcome.status == (1 if file == "fused.json" else 0)
    assert ("fused.json is no manifest that this hdrcli can go by: it is no file." in outcome.err) == outcome.status


def test_a_pipe_in_place_of_a_page_is_refused(run: Run, tmp_path: Path, make_bracket: MakeBracket) -> None:
    os.mkfifo(tmp_path / "page.html")
    outcome = run("fuse", "-m", "mertens", "--report", "page.html", make_bracket(tmp_path / "in"))
    assert outcome.status == 1
    assert outcome.err.startswith("Error: page.html exists and is no page of hdrcli.")


TWINS = {
    "capitals": ("IMG", "img"),
    "composed and decomposed": ("Z\u00fcrich", "Zu\u0308rich"),
    "a dot at the end": ("x", "x."),
    "a letter of two": ("stra\u00dfe", "STRASSE"),
}


@pytest.mark.parametrize("pair", TWINS)
def test_names_that_some_file_systems_take_for_one_are_not_both_used(
    pair: str, run: Run, tmp_path: Path, make_bracket: MakeBracket
) -> None:
    for place, name in zip("ab", TWINS[pair], strict=True):
        make_bracket(tmp_path / place / name)
    outcome = run("fuse", "-m", "mertens", "--dry-run", "--json", tmp_path / "a", tmp_path / "b")
    assert [one["status"] for one in outcome.json["brackets"]] == ["planned", "failed"]
    assert "Two brackets are named" in outcome.err


def test_names_that_are_told_apart_are_both_used() -> None:
    assert len({one_file_name(name) for name in ("a", "b", "a.b", "\u00e4", "\u0131", "a b", "\u0430")}) == 7


def test_two_formats_of_one_file_name_do_not_overwrite_each_other(
    run: Run, tmp_path: Path, make_bracket: MakeBracket
) -> None:
    pair = make_bracket(tmp_path / "x"), make_bracket(tmp_path / "x.uhdr")
    outcome = run("fuse", "-m", "debevec", "--format", "jpg,uhdr", "--json", *pair)
    assert [one["status"] for one in outcome.json["brackets"]] == ["done", "failed"]
    assert "x and x.uhdr would both be written to fused/x.uhdr.jpg." in outcome.err
    told = run("inspect", "-m", "debevec", "--format", "jpg,uhdr", "-o", "other", "--json", *pair).json["brackets"]
    assert [bool(one["error"]) for one in told] == [False, True]


def test_cells_call_no_formula_and_hold_one_line(run: Run, tmp_path: Path, make_bracket: MakeBracket) -> None:
    made = run("fuse", "-m", "mertens", "--format", "png", make_bracket(tmp_path / "in"))
    assert made.status == 0
    names = ["=1+1", " =1+1", "a;=1+1", "@x", "\uff1d1", "|x", "a\n=1", os.fsdecode(b"caf\xe9"), "-1", "plain"]
    for folder in ("p", "t"):
        (tmp_path / folder).mkdir()
        for name in names:
            shutil.copy(tmp_path / "fused" / "in.png", tmp_path / folder / f"{name}.png")
    assert run("eval", "p", "t", "--metrics", "psnr", "--csv", "s.csv").status == 0
    text = (tmp_path / "s.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    told = {"'=1+1", "' =1+1", "a;=1+1", "'@x", "'\uff1d1", "'|x", r"a\n=1", r"caf\xe9", "'-1", "plain"}
    assert {row["name"] for row in rows} == told
    assert '"a;=1+1"' in text
    assert {row["psnr"] for row in rows} == {"inf"}
