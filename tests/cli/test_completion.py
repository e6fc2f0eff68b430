"""What a shell is told when Tab is pressed, by the protocol of each and in bash itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from hdrcli import plugins
from hdrcli.cli.app import app
from hdrcli.development import DEMOSAICS
from hdrcli.settings import FuseSettings
from tests.cli.conftest import Run

Complete = Callable[[str], list[str]]


@pytest.fixture
def complete(run: Run, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """What may come in place of the last word of a line, as bash is told."""

    def ask(line: str) -> list[str]:
        monkeypatch.setenv("_HDRCLI_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        outcome = run()
        assert (outcome.status, outcome.err) == (0, "")
        return outcome.out.split()

    return ask


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("hdrcli ins", "inspect"),
        ("hdrcli weights imp", "import"),
        ("hdrcli fuse --st", "--static-merge --strength --stops"),
        ("hdrcli fuse --model df", "dfgnet"),
        ("hdrcli fuse hall -m a", "auto apnt"),
        ("hdrcli fuse --align ", "auto homography mtb off"),
        ("hdrcli fuse --format j", "jpg jxl"),
        ("hdrcli fuse --format png,e", "png,exr"),
        ("hdrcli fuse --format exr,e", ""),
        ("hdrcli fuse --device=c", "cpu cuda"),
        ("hdrcli fuse --demosaic a", "ahd aahd"),
        ("hdrcli fuse --weights ", "cc sice"),
        ("hdrcli fuse -m dfgnet --weights ", "cc"),
        ("hdrcli fuse -m lightfuse --weights s", "sice"),
        ("hdrcli train df", "dfgnet"),
        ("hdrcli fuse ha", ""),
        ("hdrcli fsue --mo", ""),
        ("hdrcli fuse -model x --al", "--align"),
    ],
)
def test_what_may_come_next(complete: Complete, line: str, words: str) -> None:
    assert complete(line) == words.split()


def test_lists_are_those_of_the_plugins(complete: Complete) -> None:
    assert complete("hdrcli fuse --tone-map ") == plugins.names("tone_mapping")
    assert complete("hdrcli fuse --format ") == plugins.names("writers")


def every_option(command: Any, line: str) -> Iterator[tuple[str, str]]:
    """A line for each option that takes a value, and how the help writes the value."""
    for name, one in getattr(command, "commands", {}).items():
        yield from every_option(one, f"{line} {name}")
    for option in command.params:
        if option.param_type_name == "option" and not option.is_flag:
            yield f"{line} {option.opts[-1]} ", option.metavar


def is_choice(metavar: str) -> bool:
    """Whether a value is one of a few words, by its metavar: NAME, TAG or A,B, or a word in small letters."""
    return any(kind in ("NAME", "TAG", "A,B") or kind.islower() for kind in metavar.split("|"))


def test_every_choice_has_an_answer_and_every_value_a_name(complete: Complete) -> None:
    lines = dict(every_option(typer.main.get_command(app), "hdrcli"))
    assert all(lines.values()), "an option without metavar"
    choices = [line for line, metavar in lines.items() if is_choice(metavar)]
    assert {"hdrcli fuse --demosaic ", "hdrcli inspect --model ", "hdrcli train --start "} < set(choices)
    assert [line for line in choices if not complete(line)] == []


def test_what_the_settings_take_is_offered(complete: Complete) -> None:
    """Whoever picks from the list is never refused."""
    for line, field in (("--demosaic", "demosaic"), ("--crop", "crop"), ("--scale", "scale"), ("--align", "align")):
        offered = complete(f"hdrcli fuse {line} ")
        assert [FuseSettings(**{field: value}) for value in offered]
    assert complete("hdrcli fuse --demosaic ") == list(DEMOSAICS)


def test_files_are_not_read_for_it(complete: Complete, tmp_path: Path) -> None:
    (tmp_path / "hdrcli.toml").write_text("[fuse")
    assert complete("hdrcli fuse --model df") == ["dfgnet"]


@pytest.mark.parametrize(
    ("shell", "answer"),
    [("zsh", """_arguments '*: :(("dfgnet"))'"""), ("fish", "dfgnet"), ("powershell", "dfgnet::: ")],
)
def test_the_other_shells(run: Run, monkeypatch: pytest.MonkeyPatch, shell: str, answer: str) -> None:
    monkeypatch.setenv("_HDRCLI_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "hdrcli fuse --model df")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv("_TYPER_COMPLETE_WORD_TO_COMPLETE", "df")
    assert run().out == f"{answer}\n"


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "complete -o default -F"),
        ("zsh", "#compdef hdrcli"),
        ("fish", "complete --command hdrcli"),
        ("powershell", "Register-ArgumentCompleter"),
    ],
)
def test_the_script_of_a_shell_by_name(run: Run, shell: str, line: str) -> None:
    outcome = run("--show-completion", shell)
    assert (outcome.status, outcome.err) == (0, "")
    assert line in outcome.out
    assert "_HDRCLI_COMPLETE" in outcome.out
    assert run("--version").out.startswith("hdrcli ")


def test_a_shell_that_is_not_known(run: Run) -> None:
    outcome = run("--show-completion", "tcsh")
    assert outcome.status == 2
    assert outcome.err.startswith('Error: There is no completion for "tcsh".\nHint: Choose one of: bash')


@pytest.mark.skipif(not shutil.which("bash") or os.name == "nt", reason="there is no bash")
def test_in_bash_itself(tmp_path: Path) -> None:
    """The script that bash is given, in a bash that has only it; no heavy library is loaded on the way."""
    command = tmp_path / "hdrcli"
    code = (
        "import sys; from hdrcli.cli.app import main; status = main();"
        "sys.stderr.writelines({'torch', 'cv2', 'rawpy', 'numpy'} & set(sys.modules)); sys.exit(status)"
    )
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{code}" "$@"\n')
    command.chmod(0o755)
    press_tab = """
    source <(_HDRCLI_COMPLETE=source_bash hdrcli)
    COMP_WORDS=(hdrcli fuse --model df) COMP_CWORD=3
    $(complete -p hdrcli | sed 's/.*-F \\([^ ]*\\).*/\\1/') hdrcli
    echo "${COMPREPLY[@]}"
    """
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run(
        ["bash", "--norc", "-c", press_tab], env=environment, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("dfgnet\n", "")


def test_windows_is_not_told_to_run_all_scripts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typer's own way into PowerShell sets the user's execution policy to Unrestricted."""
    monkeypatch.setattr("hdrcli.cli.usage.os.name", "nt")
    outcome = run("--install-completion")
    assert outcome.status == 2
    assert outcome.err.startswith("Error: Windows would have to be told to run scripts of all kinds.\nHint: ")
