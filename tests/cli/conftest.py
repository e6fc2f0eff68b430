"""Running the command line in this process, in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hdrcli.cli.app import main


@dataclass(frozen=True)
class Outcome:
    """What a command left behind: its exit status and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("fuse", folder, …)` runs the command in `tmp_path` and returns its Outcome."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Outcome(status, printed.out, printed.err)

    return call


def files(folder: Path) -> list[str]:
    """Names of all files below `folder`, hidden ones too, but for the manifests."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != "fused.json")
    return sorted(str(path.relative_to(folder)) for path in found)
