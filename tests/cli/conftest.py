"""Running the command line in this process, in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hdrcli.cli.app import main

ROOT = Path(__file__).parents[2]


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


def start(code: str, *arguments: object, **options: object) -> subprocess.Popen[str]:
    """A Python process that runs `code`, with streams to read and a Ctrl-C that works even in a background job."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (no threads are running)
        **options,
    )
