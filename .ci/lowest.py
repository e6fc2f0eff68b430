"""The lower bounds of pyproject.toml as pip's constraints: `typer>=0.15` is typer==0.15, of here and of all extras.

PyTorch is held by its upper bound instead. For Python 3.11 or newer.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
for line in lines:
    name, specifiers, marker = re.fullmatch(r"([\w.-]+)(?:\[[^]]*\])?([^;]*)(;.*)?", line).groups()
    lowest = re.search(r">=\s*([\w.]+)", specifiers)
    if name == "torch":
        sys.stdout.write(f"{line}\n")
    elif lowest:
        sys.stdout.write(f"{name}=={lowest[1]}{marker or ''}\n")
