"""Defaults from hdrcli.toml: what wins over what, what is told, and what no file can do."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import typer

from hdrcli.cli.app import app
from hdrcli.training import command
from tests.cli.conftest import Run, files
from tests.conftest import MakeBracket

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def hall(make_bracket: MakeBracket, tmp_path: Path) -> Path:
    """A bracket in the folder that commands run in."""
    return make_bracket(tmp_path / "hall")


def planned(run: Run, *options: str) -> str:
    """The model and the outputs that a dry run names."""
    (bracket,) = run("fuse", "hall", "--dry-run", "--json", *options).json["brackets"]
    return " ".join([bracket["model"], *bracket["outputs"]])


def test_typed_over_folders_over_users(run: Run, hall: Path, tmp_path: Path, users_folder: Path) -> None:
    assert planned(run, "-m", "mertens") == "mertens fused/hall.png fused/hall.exr"
    (users_folder / "hdrcli.toml").write_text('[fuse]\nmodel = "mertens"\nformat = "jpg"\noutput = "mine"\n')
    assert planned(run) == "mertens mine/hall.jpg"
    (tmp_path / "hdrcli.toml").write_text('[fuse]\nmodel = "debevec"\nformat = ["tiff", "hdr"]\n')
    assert planned(run) == "debevec mine/hall.tiff mine/hall.hdr"
    assert planned(run, "-m", "dfgnet", "--format", "png") == "dfgnet mine/hall.png"
    assert planned(run, "-m", "dfgnet", "-o", "there") == "dfgnet there/hall.tiff there/hall.hdr"
    assert planned(run, "--no-config", "-m", "mertens") == "mertens fused/hall.png fused/hall.exr"


def test_what_took_effect_is_told_by_file(run: Run, hall: Path, tmp_path: Path, users_folder: Path) -> None:
    (users_folder / "hdrcli.toml").write_text('[fuse]\nmodel = "mertens"\njobs = 2\n[train]\nsteps = 9\n')
    (tmp_path / "hdrcli.toml").write_text('[fuse]\nmodel = "debevec"\nformat = ["png"]\ntile = 512\n')
    told = run("fuse", "hall", "--format", "exr").err.splitlines()
    assert told[:2] == [
        'Defaults from hdrcli.toml: model = "debevec", tile = 512',
        f"Defaults from {users_folder / 'hdrcli.toml'}: jobs = 2",
    ]
    assert files(tmp_path / "fused") == ["hall.exr"]
    assert "Defaults" not in run("fuse", "hall", "-q", "--overwrite").err
    assert "Defaults" not in run("fuse", "hall", "--no-config", "--overwrite", "-m", "mertens").err


def test_inspect_foretells_what_fuse_does(run: Run, hall: Path, tmp_path: Path) -> None:
    (tmp_path / "hdrcli.toml").write_text('[fuse]\nmodel = "mertens"\noutput = "out"\nformat = "jpg"\njobs = 1\n')
    outcome = run("inspect", "hall")
    assert outcome.out.splitlines()[-2] == "  fuse would write out/hall.jpg with mertens"
    assert outcome.err == 'Defaults from hdrcli.toml: model = "mertens", output = "out", format = "jpg"\n'
    assert planned(run) == "mertens out/hall.jpg"


def test_an_error_comes_before_the_defaults(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hdrcli.toml").write_text('[fuse]\nmodel = "mertens"\n')
    error, _, defaults = run("fuse", "nowhere").err.splitlines()
    assert error == "Error: nowhere does not exist."
    assert defaults == 'Defaults from hdrcli.toml: model = "mertens"'


def test_train_has_a_table_too(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    monkeypatch.setattr(command, "train", lambda *_, **options: seen.update(options) or tmp_path)
    (tmp_path / "hdrcli.toml").write_text('[train]\nvalidation = ["a", "b"]\nsteps = 9\nrate = 1\nbatch = 2\n')
    assert run("train", "dfgnet", "data", "--batch", "4").status == 0
    assert (seen["validation"], seen["steps"], seen["rate"], seen["batch"]) == ([Path("a"), Path("b")], 9, 1.0, 4)


def test_each_command_that_has_defaults_can_do_without() -> None:
    commands = typer.main.get_command(app).commands
    for name, one in commands.items():
        takes_values = any(option.param_type_name == "option" and not option.is_flag for option in one.params)
        assert takes_values == any(option.name == "no_config" for option in one.params), name


def test_help_shows_the_defaults_that_hold(run: Run, tmp_path: Path) -> None:
    def shown(*options: str) -> dict[str, str]:
        """The default of each option in the help, by the option; those of --gap and --bit-depth have own words."""
        text = " ".join(run("fuse", "--help", *options).out.replace("│", " ").split())
        each = re.split(r" (?=--[a-z-]+ )", text)
        return {one.split()[0]: match[1] for one in each if (match := re.search(r"\[default: (.*?)\]", one))}

    built_in = shown()
    assert (built_in["--model"], built_in["--gap"]) == ("auto", "(5)")
    (tmp_path / "hdrcli.toml").write_text('[fuse]\nmodel = "dpg"\ngap = 9\nformat = ["jpg", "exr"]\nbit-depth = 16\n')
    changed = {"--model": "dpg", "--gap": "9", "--format": "jpg,exr", "--bit-depth": "16"}
    assert shown() == {**built_in, **changed}
    assert shown("--no-config") == built_in
    (tmp_path / "hdrcli.toml").write_text("[fuse]\nmodle = 1\n")
    broken = run("fuse", "--help")
    assert (broken.status, broken.err) == (0, 'Warning: hdrcli.toml: [fuse] has no "modle".\n')
    assert "--model" in broken.out
    assert run("--help").err == run("--version").err == ""


def test_what_the_readme_shows_is_taken(run: Run, hall: Path, tmp_path: Path) -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "hdrcli.toml").write_text(block)
    assert planned(run) == "dfgnet finished/hall.png finished/hall.tiff"
    assert 'tone-map = "natural"' in run("fuse", "hall", "--dry-run").err


BAD = {
    "broken": ("[fuse\n", r"is not TOML: .*\(at line 1, column 6\)", "--no-config"),
    "broken further down": ("[fuse]\n\ngap = = 3\n", r"is not TOML: .*\(at line 3, column 7\)", "--no-config"),
    "no UTF-8": (b'[fuse]\nmodel = "\xff"\n', r"is not TOML: no UTF-8 \(at line 2\)", "UTF-8"),
    "nested": ("[fuse]\nmodel = " + "[" * 8000, "is not TOML", "--no-config"),
    "long number": ("[fuse]\njobs = " + "9" * 8000, "is not TOML", "--no-config"),
    "long": ("#" * 20_000, "is longer than 8192 bytes", "--no-config"),
    "no table": ('model = "dpg"\n', '"model" stands under no command', r"\[fuse\]"),
    "table of tables": ("[[fuse]]\n", '"fuse" stands under no command', r"\[fuse\]"),
    "unknown table": ('[fsue]\nmodel = "dpg"\n', r"there is no \[fsue\]", "Did you mean fuse"),
    "table without options": ("[models]\njson = true\n", r"there is no \[models\]", "fuse"),
    "inspect": ('[inspect]\nmodel = "dpg"\n', r"\[inspect\] has no defaults", r"\[fuse\]"),
    "unknown key": ('[fuse]\ntone_map = "drago"\n', r'\[fuse\] has no "tone_map"', r"Did you mean tone-map\?"),
    "argument": ('[fuse]\ninput = "hall"\n', r'\[fuse\] has no "input"', "Choose one of: model"),
    "unknown key of another": ("[train]\nstep = 9\n", r'\[train\] has no "step"', r"Did you mean steps\?"),
    "text for a number": ('[fuse]\njobs = "2"\n', 'jobs cannot be "2"', "Write jobs = N"),
    "switch for a number": ("[fuse]\njobs = true\n", "jobs cannot be true", "Write jobs = N"),
    "part for a number": ("[fuse]\njobs = 1.5\n", r"jobs cannot be 1\.5", "Write jobs = N"),
    "list for a name": ('[fuse]\nmodel = ["dpg"]\n', r'model cannot be \["dpg"\]', 'Write model = "NAME"'),
    "deep table": (f"[fuse]\nmodel.{'a.' * 3000}a = 1\n", "(model cannot be a table|is not TOML)", "Write .*model = "),
    "table for a name": ("[fuse.model]\na = 1\n", "model cannot be a table", 'Write model = "NAME"'),
    "date for a name": ("[fuse]\nmodel = 2024-05-01\n", 'model cannot be "2024-05-01"', 'Write model = "NAME"'),
    "number for a folder": ("[fuse]\noutput = 3\n", "output cannot be 3", 'Write output = "DIR"'),
    "no path": ('[fuse]\noutput = "a\\u0000b"\n', "output cannot be", 'Write output = "DIR"'),
    "out of range": ("[train]\nsteps = 0\n", "steps cannot be 0", "Write steps = N"),
    "unknown model": ('[fuse]\nmodel = "dfgnt"\n', 'model has no "dfgnt"', "Did you mean dfgnet"),
    "unknown format": ('[fuse]\nformat = ["png", "bmp"]\n', 'format has no "bmp"', "png"),
    "unknown response": ('[fuse]\nresponse = "film"\n', 'response has no "film"', "srgb"),
    "tile too small": ("[fuse]\ntile = 8\n", "tile 8 is too small", "32"),
    "no jobs": ("[fuse]\njobs = 0\n", "jobs 0 does no work", "1 or more"),
    "negative gap": ("[fuse]\ngap = -1\n", "gap", "seconds"),
    "empty output": ('[fuse]\noutput = ""\n', "output is empty", "DIR"),
    "overwrite": ("[fuse]\noverwrite = true\n", "overwrite cannot be a default", "Type --overwrite"),
    "json": ("[fuse]\njson = false\n", "json cannot be a default", "Type --json"),
    "times": ("[fuse]\ntimes = [1, 2, 4]\n", "times cannot be a default", r"times\.txt"),
    "control characters": ('[fuse]\n"\\u001b[31m" = 1\n', r'\[fuse\] has no "\\x1b\[31m"', "Choose one of"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("is_users", [True, False])
def test_a_bad_file_is_told_in_two_lines(
    case: str, is_users: bool, run: Run, hall: Path, tmp_path: Path, users_folder: Path
) -> None:
    content, error, hint = BAD[case]
    file = users_folder / "hdrcli.toml" if is_users else Path("hdrcli.toml")
    (tmp_path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = files(tmp_path)
    outcome = run("fuse", "hall")
    first, second = outcome.err.splitlines()
    assert (outcome.status, outcome.out) == (2, "")
    assert re.match(rf"Error: {re.escape(str(file))}:? .*{error}", first), first
    assert re.match(rf"Hint: .*{hint}", second), second
    assert first.endswith(".")
    assert files(tmp_path) == before
    assert run("fuse", "hall", "--dry-run", "--no-config").status == 0


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling link", "unreadable"])
def test_no_file_to_read(run: Run, hall: Path, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "hdrcli.toml"
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file) if hasattr(os, "mkfifo") else pytest.skip("there are no pipes")
    elif kind == "dangling link":
        file.symlink_to("nowhere")
    else:
        file.touch(0)
        if os.access(file, os.R_OK):
            pytest.skip("this user may read everything")
    outcome = run("fuse", "hall")
    assert outcome.status == 2
    assert re.match(r"Error: hdrcli\.toml (is no file|cannot be read: Permission denied)\.\nHint: ", outcome.err)


STRANGERS = {
    "up": ('output = "../away"', r'output = "\.\./away" leads out of the folder'),
    "far": ('output = "/tmp/away"', "leads out of the folder"),
    "home": ('output = "~/away"', "leads out of the folder"),
    "link": ('output = "link/away"', "leads out of the folder"),
    "weights file": ('weights = "evil.safetensors"', "names a file"),
    "weights by a plain name": ('weights = "evil"', "names a file"),
    "threads": ("jobs = 100000", "is more than the [0-9]+ processors here"),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_a_strangers_folder_does_no_harm(
    case: str, run: Run, hall: Path, tmp_path: Path, users_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    line, error = STRANGERS[case]
    (tmp_path / "link").symlink_to(tmp_path_factory.mktemp("elsewhere"))
    (tmp_path / "evil").write_bytes(b"weights")
    (tmp_path / "hdrcli.toml").write_text(f"[fuse]\n{line}\n")
    outcome = run("fuse", "hall", "--dry-run")
    first, second = outcome.err.splitlines()
    assert outcome.status == 2
    assert re.match(rf"Error: hdrcli\.toml: .*{error}, which a folder's file may not\.$", first), first
    assert second == f"Hint: Type --{line.split()[0]}, or write it in {users_folder / 'hdrcli.toml'}."
    (tmp_path / "hdrcli.toml").rename(users_folder / "hdrcli.toml")
    assert run("fuse", "hall", "--dry-run").status == 0


def test_a_file_among_the_pictures_is_not_read(run: Run, hall: Path) -> None:
    (hall / "hdrcli.toml").write_text("[fuse]\nmodel = 1\n")
    outcome = run("fuse", "hall", "--dry-run", "--json")
    assert outcome.status == 0
    assert f"Note: {Path('hall/hdrcli.toml')} is not read: " in outcome.err


def test_the_users_folder_as_the_current_one(run: Run, users_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (users_folder / "hdrcli.toml").write_text('[fuse]\noutput = "~/away"\n')
    monkeypatch.chdir(users_folder)
    assert run("fuse", "nowhere").err.startswith("Error: nowhere does not exist.")


@pytest.mark.skipif(os.name == "nt", reason="the XDG Base Directory Specification is not for Windows")
@pytest.mark.parametrize("value", ["", "config"])
def test_a_relative_configuration_folder_is_none(
    run: Run, hall: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", value)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for folder in (tmp_path / value / "hdrcli", tmp_path / "home" / ".config" / "hdrcli"):
        folder.mkdir(parents=True)
        (folder / "hdrcli.toml").write_text(f'[fuse]\nmodel = "{"mertens" if "home" in folder.parts else "dpg"}"\n')
    assert planned(run).startswith("mertens ")


def test_a_user_without_a_home(run: Run, hall: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home(_: object = None) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("typer.get_app_dir", lambda _: "~/.config/hdrcli")
    monkeypatch.setattr(Path, "home", no_home)
    assert planned(run, "-m", "mertens") == "mertens fused/hall.png fused/hall.exr"
