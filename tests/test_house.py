"""The house's rules: imports point down only, stage folders don't know one another, each library has its place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "hdrcli"
STAGES = {"readers", "alignment", "networks", "classical", "tone_mapping", "writers", "metrics"}
LAYERS = [
    {
        "errors",
        "limits",
        "image",
        "parallel",
        "comparison",
        "exposure",
        "transfer",
        "adjustments",
        "development",
        "interrupts",
        "typed",
        "memory",
        "",
    },
    {
        "contracts",
        "disk",
        "sandbox",
        "plugins",
        "records",
        "weights",
        "keras_files",
        "tiling",
        "heap",
        "lanes",
        "tiles",
        "feature_maps",
        "tile_size",
        "transfers",
        "devices",
        "planes",
        "layered",
        "priors",
        "local_priors",
        "pyramids",
        "exposure_fusion",
        "merging",
        "noise",
        "windows",
        "sidecars",
        "tiff_directory",
        "exif",
        "xmp",
        "cropping",
        "scores",
        "protocols",
        "middle_tones",
        "sampling",
        "strips",
    },
    STAGES
    | {
        "grouping",
        "settings",
        "response",
        "composite",
        "agreement",
        "motion",
        "evidence",
        "measured_stops",
        "radiometric_matching",
        "frame_pairs",
        "tone_curve",
    },
    {
        "manifest",
        "journal",
        "inputs",
        "earlier",
        "file_state",
        "reuse",
        "outputs",
        "unheeded",
        "plan",
        "batch",
        "overlapping",
        "footprint",
        "admission",
        "reading",
        "results",
        "rendering",
        "inference",
        "inspection",
        "aligning",
        "scale",
        "shoot",
        "together",
        "pipeline",
        "outcomes",
        "cluster",
        "datasets",
        "evaluation",
        "training",
        "page",
        "benchmarks",
        "checkup",
    },
    {"cli", "__main__"},
]
HOMES = {
    "typer": ("cli",),
    "rich": ("cli",),
    "rawpy": ("readers",),
    "exifread": ("readers",),
    "filelock": ("disk/folders.py",),
    "jinja2": ("page/document.py",),
    "markupsafe": ("page/document.py",),
    "distributed": ("cluster",),
    "dask": ("cluster",),
    "h5py": ("keras_files.py",),
    "skimage": ("metrics",),
    "pycvvdp": ("metrics/_colorvideovdp.py",),
    "OpenEXR": ("readers/exr.py", "writers/exr.py"),
    "torch": (
        "networks",
        "layered.py",
        "priors.py",
        "local_priors.py",
        "tiling.py",
        "tile_size.py",
        "feature_maps.py",
        "lanes.py",
        "transfers.py",
        "devices.py",
        "weights.py",
        "inference.py",
        "training",
        "metrics",
        "benchmarks",
        "checkup/devices.py",
    ),
    "packaging": ("checkup/packages.py",),
    "matplotlib": ("benchmarks/plot.py",),
}
FILES = sorted(PACKAGE.rglob("*.py"))


def room(parts: tuple[str, ...]) -> str:
    """The folder or top file of the package that a module is in."""
    return parts[0] if parts else ""


def imports(path: Path) -> list[str]:
    """Full names of all that a file imports, also inside functions."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def layer(name: str) -> int:
    return next(number for number, rooms in enumerate(LAYERS) if name in rooms)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down_and_stages_do_not_meet(path: Path) -> None:
    here = path.relative_to(PACKAGE).with_suffix("").parts
    own = "" if here == ("__init__",) else room(here)
    rooms = {part for number in LAYERS for part in number}
    assert own in rooms, f"{path} is in no layer: say in LAYERS where it belongs"
    for name in imports(path):
        parts = tuple(name.split("."))
        if parts[0] != "hdrcli" or own == "":
            continue
        other = room(parts[1:]) if len(parts) > 1 and parts[1] in rooms else ""
        assert layer(other) <= layer(own), f"{own} imports {name}, which lies above it"
        if own in STAGES and other in STAGES:
            assert own == other, f"{own} imports {name}, another stage"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_libraries_are_used_where_they_live(path: Path) -> None:
    here = path.relative_to(PACKAGE).as_posix()
    for name in imports(path):
        homes = HOMES.get(name.split(".")[0])
        if homes:
            assert any(here == home or here.startswith(f"{home}/") for home in homes), f"{here} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    if path.parent.name == "cli":  # a command's options are one parameter each
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 60, f"{node.name} has {length} lines"
