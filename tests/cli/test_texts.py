"""Awkward text inside files: safe, and said. The whole of it is `python -m tests.campaigns.names --kinds text`."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdrcli.errors import LONGEST
from tests.campaigns import texts
from tests.campaigns.commands import Outcome as Judged
from tests.campaigns.names import files_faults
from tests.cli.conftest import Run, files


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["question to a terminal", "page"])
def test_no_text_of_a_file_is_more_than_text(name: str, run: Run, tmp_path: Path) -> None:
    def call(*arguments: str | Path) -> Judged:
        outcome = run(*arguments)
        return Judged(tuple(map(str, arguments)), outcome.status, outcome.out, outcome.err, 0.0)

    judged = list(texts.of_a_text(texts.TEXTS[name], tmp_path, call))
    assert {one.status for one in judged} == {0, 1, 2}
    assert [(one.arguments, fault) for one in judged for fault in one.faults] == []
    assert files_faults(tmp_path) == []
    assert len(files(tmp_path / "out")) == 3 * 8


@pytest.mark.parametrize("text", ["no number", "nan", "-1", "0.1, x", "1e999", ""])
def test_times_in_the_header_of_a_linear_file_that_are_none(text: str, run: Run, tmp_path: Path) -> None:
    path = texts.exr(text.encode(), tmp_path)
    outcome = run("tonemap", "--format", "exr", path)
    assert outcome.status == 0, outcome.err
    assert files(tmp_path / "fused") == ["texts-0.exr"]


def test_an_error_tells_of_a_long_text_by_its_beginning(run: Run, tmp_path: Path) -> None:
    folder = texts.without_times(tmp_path / "in")
    (folder / "list.txt").write_bytes(b"1.jpg " + b"9x" * 400_000)
    told = run("inspect", "--json", folder).json["brackets"][0]["error"]
    assert told == f'{folder}/list.txt, line 1: "{"9x" * 39}9…" is not an exposure.'
    outcome = run("fuse", "--times", "1,2,x" + "y" * 100_000, folder)
    assert outcome.status == 2
    assert len(outcome.err) < LONGEST + 1000
