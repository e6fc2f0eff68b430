"""The reference in README.md: it is of now, and it names all that the help of each command names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hdrcli.cli import reference
from tests.cli.conftest import Run

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTIONS = {
    heading.rstrip("`"): text
    for heading, _, text in (part.partition("\n") for part in reference.reference().split("### `")[1:])
}


def test_it_is_of_now() -> None:
    assert reference.in_text(README) == README, "type: python -m hdrcli.cli.reference README.md"


@pytest.mark.parametrize("heading", SECTIONS)
def test_all_that_the_help_names_is_there(run: Run, heading: str) -> None:
    words = [word for word in heading.split()[1:] if word.islower()]
    shown = re.findall(r"^│ (?:(--[a-z-]+)|\* +([A-Z]+)) ", run(*words, "--help").out, re.MULTILINE)
    named = {option or argument for option, argument in shown} - {"--help"}
    assert named or words == ["weights"]
    for name in named:
        assert re.search(rf"^\| `(-., )?{name}( .*|\.\.\.)?` \|", SECTIONS[heading], re.MULTILINE), name


def test_all_commands_are_there(run: Run) -> None:
    for group in ([], ["weights"]):
        commands = re.findall(r"^│ ([a-z]+)  ", run(*group, "--help").out, re.MULTILINE)
        assert commands
        for command in commands:
            assert any(heading.startswith(" ".join(["hdrcli", *group, command, ""])) for heading in SECTIONS)


def test_a_text_without_its_place_is_refused() -> None:
    with pytest.raises(ValueError, match="reference: begin"):
        reference.in_text("# hdrcli\n")
