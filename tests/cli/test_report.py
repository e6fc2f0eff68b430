"""`--report` of fuse and eval."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import MakeBracket
from tests.evaluation.images import light, write_exr
from tests.page import pages


@pytest.fixture
def bracket(tmp_path: Path, make_bracket: MakeBracket) -> Path:
    return make_bracket(tmp_path / "shed")


def test_commands_write_pages(run: Run, tmp_path: Path, bracket: Path) -> None:
    outcome = run("fuse", bracket, "-m", "debevec", "--report", "page.html", "--json")
    assert (outcome.status, outcome.json["brackets"][0]["status"]) == (0, "done")
    assert "Page: page.html" in outcome.err
    write_exr(tmp_path / "truth.exr", light())
    assert run("eval", "truth.exr", "truth.exr", "--metrics", "psnr_l", "--report", "eval.html", "-q").status == 0
    assert len(pages.read(tmp_path / "page.html").views()) == len(pages.read(tmp_path / "eval.html").views()) == 1


def test_a_run_with_nothing_new_leaves_the_page_alone(run: Run, tmp_path: Path, bracket: Path) -> None:
    command = ("fuse", bracket, "-m", "debevec", "--report", "page.html")
    assert run(*command).status == 0
    before = (tmp_path / "page.html").read_bytes()
    outcome = run(*command, "--skip-existing")
    assert outcome.status == 0
    assert "No page was written" in outcome.err
    assert (tmp_path / "page.html").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--report", "page.png"), 2, 'Error: --report "page.png" is no name of a page.'),
        (("--report", "page.html", "--dry-run"), 2, "Error: --dry-run writes nothing, and --report wants a page."),
        (("--report", "notes.html"), 1, "Error: notes.html exists and is no page of hdrcli."),
    ],
)
def test_what_cannot_be_a_page_is_refused_before_any_work(
    run: Run, tmp_path: Path, bracket: Path, arguments: tuple[str, ...], status: int, words: str
) -> None:
    (tmp_path / "notes.html").write_text("mine")
    outcome = run("fuse", bracket, "-m", "debevec", *arguments)
    assert outcome.status == status
    assert outcome.err.splitlines()[0] == words
    assert not (tmp_path / "fused").exists()
