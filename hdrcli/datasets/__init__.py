"""Folders of test scenes with truth: one layout for each way in which data sets lie on disk."""

from __future__ import annotations

from pathlib import Path

from hdrcli import plugins
from hdrcli.contracts import Layout, Scene
from hdrcli.errors import ReadError, UsageError


def names() -> list[str]:
    """Names of the layouts."""
    return plugins.names("datasets")


def find(root: Path, layout: str = "auto") -> tuple[str, list[Scene], list[str]]:
    """The layout of a data set, its scenes, and notes on what is missing or left over.

    "auto" takes the layout that finds most scenes. Raises ReadError for a folder that holds none, and UsageError for a
    layout that there is not.
    """
    if not root.is_dir():
        what = "is no folder" if root.exists() else "does not exist"
        raise ReadError(f"{root} {what}.", "Give the folder of a data set, or a prediction and its truth.")
    asked = names() if layout == "auto" else [layout]
    if layout != "auto" and layout not in names():
        raise UsageError(f'--layout has no "{layout}".', f"Choose one of: auto, {', '.join(names())}.")
    found = {name: _layout(name).scenes(root) for name in asked}
    best = max(found, key=lambda name: len(found[name][0]))
    scenes, notes = found[best]
    if not scenes:
        shapes = "; ".join(f"{name}: {_layout(name).summary.rstrip('.')}" for name in asked)
        raise ReadError(f"{root} holds no scenes with truth.", f"Lay it out as one of these: {shapes}.")
    return best, scenes, notes


def _layout(name: str) -> Layout:
    layout: Layout = plugins.load("datasets", name).LAYOUT
    return layout
