"""The layout of SICE (Cai, Gu & Zhang 2018): numbered folders of frames, and a fused reference for each in Label."""

from __future__ import annotations

from pathlib import Path

from hdrcli.contracts import Layout, Scene
from hdrcli.datasets import _folders

_DEPTH = 2


def scenes(root: Path) -> tuple[list[Scene], list[str]]:
    """The scenes of each folder below `root` that has a Label folder, such as SICE's two parts."""
    found: list[Scene] = []
    notes: list[str] = []
    for part in _folders.folders(root, _DEPTH):
        labels = {path.name.lower(): path for path in _folders.inside(part) if path.is_dir()}.get("label")
        if labels is None:
            continue
        references = {path.stem: path for path in _folders.frames(labels)}
        for folder in (path for path in _folders.inside(part) if path.is_dir() and path != labels):
            frames, reference = _folders.frames(folder), references.pop(folder.name, None)
            if frames and reference:
                found.append(Scene(_folders.name(folder, root), frames, reference))
            elif frames:
                notes.append(f"{folder} is left: {labels} has no {folder.name}.JPG.")
            elif reference:
                notes.append(f"{reference} is left: {folder} has no frames.")
        notes += [f"{path} is left: {part} has no folder {stem}." for stem, path in references.items()]
    return found, notes


LAYOUT = Layout(
    scenes=scenes,
    summary="N/*.JPG and Label/N.JPG.",
    source="Cai, Gu & Zhang, IEEE TIP 2018",
)
