"""fused.json as a file: always whole, never another's, whoever writes, however many brackets."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import hdrcli
from hdrcli import disk, manifest
from hdrcli.errors import WriteError
from hdrcli.file_state import FileState
from hdrcli.manifest import Making, Manifest
from tests import scenes

ROOT = Path(__file__).parents[1]


def a_making(name: str) -> Making:
    return Making(name, "0.1.0", "mertens", None, None, {"align": "auto"}, {"../1.png": FileState("00", 1, 1)})


def write(folder: Path, *names: str) -> Manifest:
    book = Manifest(folder)
    for name in names:
        book.write(a_making(name), {folder / f"{name}.png": name.encode()})
    return book


def names(folder: Path) -> list[str]:
    return [one["bracket"] for one in json.loads((folder / "fused.json").read_text())["made"]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "Expecting value"),
        ('{"format": "hdrcli-fused", "version": 1, "made": [{"bracket": "ha', "Unterminated string"),
        ("[]", "it is none of hdrcli's"),
        ('{"shoot": "wedding"}', "it is none of hdrcli's"),
        ('{"format": "hdrcli-fused", "version": 2, "made": []}', "a later hdrcli wrote it"),
        ('{"format": "hdrcli-fused", "version": 1, "made": [{}]}', "'inputs'"),
        ('{"format": "hdrcli-fused", "version": 1, "made": 3}', "not iterable"),
        ("\xff\xfe", "codec can't decode"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"overwrite": True}, {"skip_existing": True}])
def test_a_damaged_or_foreign_file_is_named_and_left(
    tmp_path: Path, content: str, reason: str, options: dict[str, Any]
) -> None:
    file = tmp_path / "fused" / "fused.json"
    file.parent.mkdir()
    file.write_bytes(content.encode("latin-1"))
    scenes.write_bracket(tmp_path / "hall", scenes.radiance(24, 32), [0.25, 1, 4])
    with pytest.raises(WriteError) as caught:
        hdrcli.fuse(tmp_path / "hall", model="mertens", output=tmp_path / "fused", **options)
    assert caught.value.message.startswith(f"{file} is no manifest that this hdrcli can go by: ")
    assert reason in caught.value.message
    assert caught.value.hint.startswith("Move it away")
    assert [path.name for path in file.parent.iterdir()] == ["fused.json"]
    assert file.read_bytes() == content.encode("latin-1")


ODD_MAKINGS: dict[str, dict[str, Any]] = {
    "its model is none": {"model": ["mertens"]},
    "its hdrcli is none": {"hdrcli": 1},
    "its weights is none": {"weights": 3},
    "its size is none": {"outputs": {"hall.png": {"sha256": "00", "size": "1"}}},
    "its sha256 is none": {"inputs": {"../1.png": {"sha256": [], "size": 1}}},
    "it names no file": {"outputs": {"hall\0.png": {"sha256": "00", "size": 1}}},
    "surrogates not allowed": {"outputs": {"\ud800": {"sha256": "00", "size": 1}}},
    "int too large": {"stops": [10**400]},
    "its stops is none": {"stops": [float("inf")]},
}


@pytest.mark.parametrize("reason", ODD_MAKINGS)
def test_values_of_other_types_are_refused_in_fused_json_and_left_in_a_journal(
    tmp_path: Path, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    making = json.loads(a_making("hall").line()) | ODD_MAKINGS[reason]
    journal = tmp_path / ".hdrcli-nowhere-1-1-1-a.jsonl"
    journal.write_text(f"{json.dumps(making)}\n")
    assert Manifest(tmp_path).outputs() == []
    assert f"{journal} is damaged after 0 lines" in caplog.text
    assert reason in caplog.text
    (tmp_path / "fused.json").write_text(json.dumps({"format": "hdrcli-fused", "version": 1, "made": [making]}))
    with pytest.raises(WriteError, match=reason):
        Manifest(tmp_path)


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 100_000])
def test_json_that_no_one_writes_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / ".hdrcli-nowhere-1-1-1-a.jsonl").write_text(text)
    assert Manifest(tmp_path).outputs() == []
    (tmp_path / "fused.json").write_text(text)
    with pytest.raises(WriteError, match=r"fused\.json is no manifest"):
        Manifest(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fused.json")
    with pytest.raises(WriteError, match=r"fused\.json is no manifest"):
        Manifest(tmp_path)
    empty = FileState(hashlib.sha256(b"").hexdigest(), 0, 1)
    assert empty.now(tmp_path / "fused.json") is None


def test_one_that_an_editor_saved_with_a_mark_is_read(tmp_path: Path) -> None:
    scenes.write_bracket(tmp_path / "hall", scenes.radiance(24, 32), [0.25, 1, 4])
    options = {"model": "mertens", "output": tmp_path / "fused"}
    hdrcli.fuse(tmp_path / "hall", **options)
    file = tmp_path / "fused" / "fused.json"
    file.write_text(file.read_text(), encoding="utf-8-sig")
    assert [one.status for one in hdrcli.fuse(tmp_path / "hall", skip_existing=True, **options).brackets] == ["skipped"]


def test_one_that_is_put_there_meanwhile_is_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    book = write(tmp_path, "a")
    (tmp_path / "fused.json").write_text("mine")
    book.merge()
    assert (tmp_path / "fused.json").read_text() == "mine"
    assert "fused.json is no manifest" in caplog.text
    (tmp_path / "fused.json").unlink()
    book.merge()
    assert names(tmp_path) == ["a"]


def test_a_run_that_goes_on_is_known_to_others_and_not_merged_by_them(tmp_path: Path) -> None:
    first = write(tmp_path, "a")
    second = write(tmp_path, "b")
    assert second.making(tmp_path / "a.png") == first.making(tmp_path / "a.png")
    second.merge()
    assert names(tmp_path) == ["b"]
    first.merge()
    assert names(tmp_path) == ["a", "b"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png", "fused.json"]


def told(folder: Path) -> str:
    """By which model fused.json says that a.png was made."""
    return json.loads((folder / "fused.json").read_text())["made"][0]["model"]


@pytest.mark.parametrize("older", [False, True])
def test_a_run_that_may_not_replace_anothers_result_tells_nothing_of_it(tmp_path: Path, older: bool) -> None:
    output = tmp_path / "a.png"
    if older:
        write(tmp_path, "a").merge()
    seen = {output: disk.stamp(output)}
    first, second = Manifest(tmp_path), Manifest(tmp_path)
    first.write(replace(a_making("a"), model="debevec"), {output: b"first"}, seen)
    if older:
        first.merge()
    with pytest.raises(WriteError, match="meanwhile"):
        second.write(replace(a_making("a"), model="dpg"), {output: b"second"}, seen)
    for book in (second, first):
        book.merge()
    assert (output.read_bytes(), told(tmp_path)) == (b"first", "debevec")
    assert Manifest(tmp_path).making(output).outputs["a.png"].now(output)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_whichever_run_merges_last_the_writer_is_told(tmp_path: Path, order: tuple[int, int]) -> None:
    books = [Manifest(tmp_path), Manifest(tmp_path)]
    for book, model in zip(books, ("debevec", "dpg"), strict=True):
        book.write(replace(a_making("a"), model=model), {tmp_path / "a.png": model.encode()})
    for number in order:
        books[number].merge()
    assert told(tmp_path) == "dpg"


MANY = """
import sys
from dataclasses import replace
from pathlib import Path
from hdrcli.manifest import Making, Manifest
folder = Path(sys.argv[1])
for number in range(12):
    book, name = Manifest(folder), f"{sys.argv[2]}{number}"
    book.write(Making(name, "0.1.0", "mertens", None, None, {}, {}), {folder / f"{name}.png": b""})
    book.merge()
"""


def test_processes_that_merge_at_once_lose_nothing(tmp_path: Path) -> None:
    runs = [subprocess.Popen([sys.executable, "-c", MANY, tmp_path, name], cwd=ROOT) for name in "ab"]
    assert [run.wait(timeout=120) for run in runs] == [0, 0]
    assert sorted(names(tmp_path)) == sorted(f"{name}{number}" for name in "ab" for number in range(12))
    assert not list(tmp_path.glob(".*"))


def test_a_bracket_costs_the_same_however_many_there_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes written beside the outputs, counted: a line or two a bracket, and the whole only at the end."""
    sizes: list[int] = []
    put = disk.put
    monkeypatch.setattr(disk, "put", lambda file, content: (sizes.append(len(content)), put(file, content)))
    monkeypatch.setattr(disk, "write_all", lambda files, seen=None: None)
    book = Manifest(tmp_path)
    for number in range(50):
        (tmp_path / f"b{number:02}.png").write_bytes(b"")
        book.write(a_making(f"b{number:02}"), {tmp_path / f"b{number:02}.png": b""})
    assert len(sizes) == 100
    assert max(sizes) < 1.1 * min(sizes)
    assert not (tmp_path / "fused.json").exists()


def test_a_journal_cut_short_by_a_crash_is_told_and_the_rest_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    book = write(tmp_path, "a", "b")
    journal = next(tmp_path.glob(".hdrcli-*.jsonl"))
    journal.write_bytes(journal.read_bytes()[:-40])
    again = Manifest(tmp_path)
    assert f"{journal} is damaged after 3 lines" in caplog.text
    assert again.making(tmp_path / "a.png") == book.making(tmp_path / "a.png")
    # of b the promise is left, which its content fulfils
    promise = again.making(tmp_path / "b.png").outputs["b.png"]
    assert promise.modified is None
    assert promise.now(tmp_path / "b.png") == book.making(tmp_path / "b.png").outputs["b.png"]


def test_an_output_promised_and_never_written_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise WriteError("The disk is full.")

    monkeypatch.setattr(disk, "write_all", full)
    book = Manifest(tmp_path)
    with pytest.raises(WriteError):
        book.write(a_making("a"), {tmp_path / "a.png": b"a"})
    book.merge()
    assert not list(tmp_path.iterdir())


def test_of_a_broken_run_only_what_it_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of its two outputs one has the bytes of the older one; the other was never written, and stays the older run's."""
    first = {tmp_path / "hall.hdr": b"light", tmp_path / "hall.png": b"older"}
    book = Manifest(tmp_path)
    book.write(a_making("hall"), first)
    book.merge()
    broken = Manifest(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(disk, "write_all", refused)
        with pytest.raises(WriteError):
            broken.write(replace(a_making("hall"), model="debevec"), {**first, tmp_path / "hall.png": b"newer"})
    broken.merge()
    told = {one["model"]: one for one in json.loads((tmp_path / "fused.json").read_text())["made"]}
    assert list(told["mertens"]["outputs"]) == ["hall.png"]
    assert list(told["debevec"]["outputs"]) == ["hall.hdr"]
    assert not any("replaces" in one for one in told.values())


def refused(*_: Any) -> None:
    raise WriteError("The disk is full.", "")


def test_a_lock_held_for_ever_costs_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import filelock

    monkeypatch.setattr(manifest, "PATIENCE", 0.05)
    book = write(tmp_path, "a")
    with filelock.FileLock(tmp_path / ".fused.json.lock"):
        book.merge()
    assert "kept for the next run" in caplog.text
    assert Manifest(tmp_path).making(tmp_path / "a.png") is not None
    book.merge()
    assert names(tmp_path) == ["a"]
