"""What runs in a process of its own: `python -m hdrcli.benchmarks.child MODULE:FUNCTION {arguments}`.

The last line it prints is JSON: {"made": what the function returned}, or {"error": [message, hint]}. Nothing but the
module asked for is imported, so that time and memory are its own.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

from hdrcli.errors import HdrcliError


def main(task: str, arguments: str) -> int:
    """Call a function of this package by its name; returns the exit status."""
    module, _, function = task.partition(":")
    try:
        given = json.loads(arguments)
        folders = {name: Path(value) for name, value in given.items() if name in ("folder", "target")}
        made = getattr(import_module(f"hdrcli.benchmarks.{module}"), function)(**given | folders)
        told, status = {"made": made}, 0
    except HdrcliError as error:
        told, status = {"error": [error.message, error.hint]}, 1
    sys.stdout.write(f"\n{json.dumps(told)}\n")
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
