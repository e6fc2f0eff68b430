"""The command as a whole: help, speed of starting, typing errors, streams and bugs."""

from __future__ import annotations

from pathlib import Path

import pytest

import hdrcli
from hdrcli import pipeline
from tests.cli.conftest import Run, start
from tests.conftest import MakeBracket

COMMANDS = ["fuse", "tonemap", "inspect", "models", "train", "weights", "bench"]


def test_version(run: Run) -> None:
    assert run("--version") == run("--version")
    assert run("--version").out == f"hdrcli {hdrcli.__version__}\n"


def test_no_command_shows_the_help(run: Run) -> None:
    outcome = run()
    assert outcome.status == 0
    assert all(command in outcome.out for command in COMMANDS)


@pytest.mark.parametrize("command", [*COMMANDS, "weights list", "weights verify", "weights import"])
def test_each_command_has_help(run: Run, command: str) -> None:
    outcome = run(*command.split(), "--help")
    assert (outcome.status, outcome.err) == (0, "")
    assert f"hdrcli {command}" in outcome.out


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; from hdrcli.cli.app import main; main(['fuse', '--help']);"
        "print([name for name in ('torch', 'cv2', 'rawpy', 'numpy', 'PIL', 'tifffile') if name in sys.modules])"
    )
    process = start(code)
    assert process.communicate()[0].splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("typed", "error", "hint"),
    [
        (["fus"], 'There is no command "fus".', "Did you mean hdrcli fuse?"),
        (["weights", "verfy"], 'There is no command "verfy".', "Did you mean hdrcli weights verify?"),
        (["inspct", "x"], 'There is no command "inspct".', "Did you mean hdrcli inspect?"),
        (["hall"], 'There is no command "hall".', "Did you mean hdrcli fuse hall?"),
        (["xyz"], 'There is no command "xyz".', "Type hdrcli --help"),
        (["--verbose"], "There is no option --verbose.", "Did you mean --version?"),
        (["fuse", "hall", "--tonemap", "drago"], "There is no option --tonemap.", "Did you mean --tone-map"),
        (["train"], "hdrcli train is missing its MODEL.", "Type hdrcli train"),
        (["FUSE", "hall"], 'There is no command "FUSE".', "Did you mean hdrcli fuse?"),
        (["--json"], "There is no option --json.", "Type it behind one of the commands: fuse, tonemap, inspect,"),
        (
            ["weights", "--json", "list"],
            "There is no option --json.",
            "Type it behind one of the commands: list, verify",
        ),
        (["train", "dfgnett", "."], 'There is no recipe to train "dfgnett".', "Did you mean dfgnet?"),
    ],
)
def test_typing_errors(run: Run, tmp_path: Path, typed: list[str], error: str, hint: str) -> None:
    (tmp_path / "hall").mkdir()
    outcome = run(*typed)
    first, second = outcome.err.splitlines()
    assert (outcome.status, outcome.out) == (2, "")
    assert first == f"Error: {error}"
    assert second.startswith(f"Hint: {hint}")


def test_a_checkpoint_that_is_not_there(run: Run) -> None:
    outcome = run("weights", "import", "dfgnet", "no.where.pth")
    assert outcome.status == 1
    assert outcome.err.splitlines()[0] == "Error: no.where.pth cannot be read: No such file or directory."


def test_a_bug_is_told_as_one(
    run: Run, make_bracket: MakeBracket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no pixels")

    monkeypatch.setattr(pipeline, "read_bracket", broken)
    make_bracket(tmp_path / "hall")
    outcome = run("fuse", "hall", "-m", "mertens")
    assert outcome.status == 1
    error, hint = outcome.err.splitlines()
    assert error == "Error: hall: ZeroDivisionError: no pixels (this is a bug in hdrcli)."
    assert "--debug" in hint
    assert "Traceback" in run("fuse", "hall", "-m", "mertens", "--debug").err


def test_warnings_of_ours_are_lines(
    run: Run, make_bracket: MakeBracket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pipeline.read_bracket

    def warning(*arguments: object) -> object:
        pipeline.log.warning("frame [bold] is dark")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "read_bracket", warning)
    make_bracket(tmp_path / "hall")
    assert run("fuse", "hall", "-m", "mertens").err.startswith("Warning: frame [bold] is dark\n")


def test_a_closed_pipe_is_no_error() -> None:
    code = "import sys; from hdrcli.cli.app import main; sys.exit(main(['--version']))"
    process = start(code)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait() == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_poor_encoding_is_no_error(encoding: str) -> None:
    code = f"import sys; sys.stdout.reconfigure(encoding={encoding!r});"
    process = start(code + "from hdrcli.cli.app import main; sys.exit(main(['fuse', '--help']))")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert "--model" in out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_full_disk_behind_stdout_is_told() -> None:
    process = start(
        "import sys; from hdrcli.cli.app import main; sys.stdout = open('/dev/full', 'w'); main(['--version'])"
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "Error: No space left on device.\n"
    process.communicate()
