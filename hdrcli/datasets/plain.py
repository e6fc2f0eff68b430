"""A plain data set: a folder for each scene with its frames, their times, and truth.* (or reference.*)."""

from __future__ import annotations

from pathlib import Path

from hdrcli.contracts import Layout, Scene
from hdrcli.datasets import _folders

_TRUTHS = ("truth", "reference")


def scenes(root: Path) -> tuple[list[Scene], list[str]]:
    """The scenes one level below `root`, or `root` itself."""
    found: list[Scene] = []
    notes: list[str] = []
    for folder in _folders.folders(root, 1):
        truths = _folders.called(folder, _TRUTHS)
        frames = _folders.frames(folder, truths)
        if truths and frames:
            truth = min(truths, key=lambda path: _TRUTHS.index(path.stem.lower()))
            found.append(Scene(_folders.name(folder, root), frames, truth))
            notes += [f"{path} is left: {truth.name} is the truth." for path in truths if path != truth]
        elif frames and folder != root:
            notes.append(f"{folder} is left: it has no truth.exr.")
        elif truths:
            notes.append(f"{folder} is left: it has no frames.")
    return found, notes


LAYOUT = Layout(
    scenes=scenes,
    summary="SCENE/frames, their times in EXIF or in times.txt, and SCENE/truth.exr (or .hdr, .png, …).",
    source="hdrcli",
)
