"""Every command and every program of the README runs, on the examples; the changelog knows the version."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hdrcli
from hdrcli import plugins

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [
    re.sub(r"^pip install \. && ", "", line).partition("  #")[0].strip()
    for language, block in BLOCKS
    if not language
    for line in block.splitlines()
    if re.match(r"(pip install \. && )?hdrcli ", line)
]
PROGRAMS = [block for language, block in BLOCKS if language == "python"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the examples in it, to run in."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    scripts = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_there_is_something_to_run() -> None:
    assert len(COMMANDS) >= 5
    assert PROGRAMS


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(command: str, folder: Path) -> None:
    if " tonemap " in command:
        assert run(["hdrcli", "fuse", "examples/vestibule", "-m", "debevec", "--format", "exr"], folder).returncode == 0
    done = run(["bash", "-c", command], folder)
    assert done.returncode == 0, done.stderr
    if " fuse " in command and "--dry-run" not in command:
        made = {path.suffix for path in (folder / "fused").iterdir()}
        assert made == {".png", ".exr", ".json"}
    if " tonemap " in command:
        assert all(line.rstrip() in README for line in done.stderr.splitlines())
    if " eval " in command:
        columns = done.stdout.splitlines()[0]
        assert columns in README
        for line in done.stdout.splitlines()[1:5]:
            told = next(row.split() for row in README.splitlines() if row.split()[:2] == line.split()[:2])
            for shown, measured in zip(told[2:], line.split()[2:], strict=True):  # processors differ in the last places
                assert float(shown) == pytest.approx(float(measured), rel=3e-3)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_runs(program: str, folder: Path) -> None:
    done = run([sys.executable, "-c", program], folder)
    assert done.returncode == 0, done.stderr
    assert "vestibule done fused/vestibule.png fused/vestibule.exr" in done.stdout


def test_what_it_shows_of_the_first_command_is_what_is_printed(folder: Path) -> None:
    done = run(["hdrcli", *COMMANDS[0].split()[1:]], folder)
    progress = re.compile(r"vestibule: [a-z ]+, \d+ %.*")  # where it takes more than a minute
    for line in filter(lambda line: not progress.fullmatch(line), done.stderr.splitlines()):
        assert line.rstrip() in README


def test_the_changelog_begins_with_this_version_and_has_each_once() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\S+)(?: \((?:unreleased|\d{4}-\d\d-\d\d)\))?$", text, re.MULTILINE)
    assert versions[0] == hdrcli.__version__
    assert len(versions) == len(set(versions)) == text.count("\n## ")
    assert all(f"`{name}`" in text for name in [*plugins.names("networks"), *plugins.names("tone_mapping")])
