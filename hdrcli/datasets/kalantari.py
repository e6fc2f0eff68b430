"""The layout of Kalantari & Ramamoorthi's data, which Tel et al. and others took over.

A folder for each scene holds three .tif frames, exposure.txt with a line of stops for each, and HDRImg.hdr, whose 1.0
is the white of the shortest frame. Scenes lie in Training and Test, or in folders in these (Test/EXTRA/001).
"""

from __future__ import annotations

from pathlib import Path

from hdrcli.contracts import Layout, Scene
from hdrcli.datasets import _folders

_DEPTH = 3


def scenes(root: Path) -> tuple[list[Scene], list[str]]:
    """All scenes below `root`, or below its Test folder where it has one."""
    notes: list[str] = []
    parts = {path.name.lower(): path for path in _folders.inside(root) if path.is_dir()}
    if "test" in parts:
        root = parts["test"]
        if "training" in parts:
            notes.append(f"{parts['training']} is left: only the scenes of {root} count.")
    found = []
    for folder in _folders.folders(root, _DEPTH):
        truths = _folders.called(folder, ["hdrimg"])
        frames = tuple(path for path in _folders.frames(folder, truths) if path.suffix.lower() in (".tif", ".tiff"))
        has_stops = (folder / "exposure.txt").is_file()
        if truths and frames and has_stops:
            found.append(Scene(_folders.name(folder, root), frames, truths[0], "shortest"))
        elif has_stops and (truths or frames):
            notes.append(f"{folder} is left: it has no {'.tif frames' if truths else 'HDRImg.hdr'}.")
    return found, notes


LAYOUT = Layout(
    scenes=scenes,
    summary="SCENE/*.tif, SCENE/exposure.txt and SCENE/HDRImg.hdr, in Test or below.",
    source="Kalantari & Ramamoorthi, SIGGRAPH 2017; Tel et al., ICCV 2023",
)
