"""For each failure a user can cause: the exit status, an Error that names it, a Hint, and nothing written."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from hdrcli import weights
from hdrcli.networks.dfgnet import DFGNet
from tests import formula, scenes
from tests.cli.conftest import Run, files
from tests.conftest import MakeBracket

SMALL = {"features": 4, "vector": 8}
Arguments = list[Any]


def _truncate(file: Path, share: float = 0.6) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])


def _missing(good: Path) -> Arguments:
    return ["fuse", good.parent / "nowhere"]


def _missing_frame(good: Path) -> Arguments:
    return ["fuse", good / "frame1.jpg", good / "nowhere.jpg"]


def _empty_name(good: Path) -> Arguments:
    return ["fuse", ""]


def _empty_folder(good: Path) -> Arguments:
    (good.parent / "empty").mkdir()
    return ["fuse", good.parent / "empty"]


def _folder_of_texts(good: Path) -> Arguments:
    (good.parent / "texts").mkdir()
    for name in ("a.txt", "b.txt"):
        (good.parent / "texts" / name).write_text("not a picture")
    return ["fuse", good.parent / "texts"]


def _truncated_jpeg(good: Path) -> Arguments:
    _truncate(good / "frame2.jpg")
    return ["fuse", good, "-m", "mertens"]


def _truncated_png(good: Path) -> Arguments:
    scenes.write_bracket(good.parent / "pngs", scenes.radiance(32, 48), [0.1, 1.0, 10.0])
    _truncate(good.parent / "pngs" / "2.png")
    return ["fuse", good.parent / "pngs", "-m", "mertens"]


def _truncated_tiff(good: Path) -> Arguments:
    scenes.write_bracket(good.parent / "tiffs", scenes.radiance(32, 48), [0.1, 1.0, 10.0], ".tif")
    _truncate(good.parent / "tiffs" / "2.tif")
    return ["fuse", good.parent / "tiffs", "-m", "mertens"]


def _text_named_jpeg(good: Path) -> Arguments:
    (good / "frame2.jpg").write_text("This is no picture.")
    return ["fuse", good, "-m", "mertens"]


def _empty_file(good: Path) -> Arguments:
    (good / "frame2.jpg").write_bytes(b"")
    return ["fuse", good, "-m", "mertens"]


def _different_sizes(good: Path) -> Arguments:
    with Image.open(good / "frame2.jpg") as image:
        image.resize((40, 32)).save(good / "frame2.jpg", exif=image.getexif())
    return ["fuse", *sorted(good.iterdir()), "-m", "mertens"]


def _one_frame(good: Path) -> Arguments:
    return ["fuse", good / "frame1.jpg"]


def _no_times(good: Path) -> Path:
    for file in good.iterdir():
        with Image.open(file) as image:
            image.save(file, quality=95)
    return good


def _no_times_dfgnet(good: Path) -> Arguments:
    return ["fuse", _no_times(good), "-m", "dfgnet"]


def _no_times_debevec(good: Path) -> Arguments:
    return ["fuse", _no_times(good), "-m", "debevec"]


def _output_is_a_file(good: Path) -> Arguments:
    (good.parent / "out").write_text("mine")
    return ["fuse", good, "-m", "mertens"]


def _dash(good: Path) -> Arguments:
    Path("-x.jpg").write_bytes((good / "frame1.jpg").read_bytes())
    return ["fuse", "-x.jpg"]


def _with(*options: object) -> Callable[[Path], Arguments]:
    """The good bracket with other options."""
    return lambda good: ["fuse", good, *options]


CASES: dict[str, tuple[Callable[[Path], Arguments], int, str, str]] = {
    "missing input": (_missing, 1, "nowhere", ""),
    "missing frame": (_missing_frame, 1, r"nowhere\.jpg", ""),
    "empty name": (_empty_name, 2, "INPUT", "variable"),
    "empty folder": (_empty_folder, 1, "empty", "two or more"),
    "folder of texts": (_folder_of_texts, 1, "texts", "two or more"),
    "truncated jpeg": (_truncated_jpeg, 1, r"frame2\.jpg", ""),
    "truncated png": (_truncated_png, 1, r"2\.png", ""),
    "truncated tiff": (_truncated_tiff, 1, r"2\.tif", ""),
    "text named .jpg": (_text_named_jpeg, 1, r"frame2\.jpg", ""),
    "empty file": (_empty_file, 1, r"frame2\.jpg", ""),
    "different sizes": (_different_sizes, 1, r"frame1\.jpg is 48x32 but .*frame2\.jpg is 40x32", "one size"),
    "one frame": (_one_frame, 1, r"frame1\.jpg", "two or more"),
    "dfgnet without times": (_no_times_dfgnet, 1, r"frame1\.jpg has no exposure time", "--times"),
    "debevec without times": (_no_times_debevec, 1, r"frame1\.jpg has no exposure time", "mertens"),
    "times of wrong count": (_with("--times", "1/60,1/15"), 1, "--times gives 2 .* has 3 frames", r"frame1\.jpg"),
    "time of zero": (_with("--times", "0,1,2"), 2, '--times: "0"', "1/60"),
    "garbage times": (_with("--times", "a,b,c"), 2, '--times: "a"', "1/60"),
    "time by zero": (_with("--times", "1/0,1,2"), 2, '--times: "1/0"', "1/60"),
    "empty times": (_with("--times", ""), 2, "--times", "1/60"),
    "equal times": (_with("--times", "1,1,1"), 1, "same exposure", "--times"),
    "stops of wrong count": (_with("--stops", "-2,0"), 1, "--stops gives 2 .* has 3 frames", r"frame1\.jpg"),
    "garbage stops": (_with("--stops", "-2,zero,2"), 2, '--stops: "zero"', "-2,0,2"),
    "huge stops": (_with("--stops", "-2000,0,2000"), 2, "--stops", "-2,0,2"),
    "times and stops": (_with("--times", "1,2,4", "--stops", "0,1,2"), 2, "--times and --stops", "one"),
    "unknown model": (_with("-m", "dfgnt"), 2, 'no "dfgnt"', "Did you mean dfgnet"),
    "unknown format": (_with("--format", "png,bmp"), 2, 'no "bmp"', "png"),
    "no format": (_with("--format", ""), 2, "--format", "png,exr"),
    "unknown bit depth": (_with("--bit-depth", "11"), 2, 'no "11"', "16"),
    "impossible quality": (_with("--quality", "0"), 2, "--quality 0", "--quality 95"),
    "no light above white": (_with("-m", "mertens", "--format", "png,uhdr"), 1, "--format uhdr", "jpg"),
    "unknown tone map": (_with("--tone-map", "naturel"), 2, 'no "naturel"', "Did you mean natural"),
    "unknown demosaic": (_with("--demosaic", "amaze"), 2, 'no "amaze"', "dht"),
    "unknown aligner": (_with("--align", "magic"), 2, 'no "magic"', "homography"),
    "unknown response": (_with("--response", "film"), 2, "film", "srgb"),
    "unknown device": (_with("-m", "mertens", "--device", "gpu"), 2, 'no "gpu"', "cuda"),
    "unknown precision": (_with("--precision", "fp8"), 2, 'no "fp8"', "fp32"),
    "tile too small": (_with("--tile", "8"), 2, "--tile 8", "32"),
    "garbage tile": (_with("--tile", "big"), 2, "big", "auto"),
    "no jobs": (_with("--jobs", "0"), 2, "--jobs 0", "1"),
    "garbage jobs": (_with("--jobs", "many"), 2, r'--jobs cannot be "many"\.', "Type --jobs N"),
    "one frame a bracket": (_with("--size", "1"), 2, "--size 1 is no bracket", "Pass 2 or more frames"),
    "gap below 0": (_with("--gap=-1"), 2, "--gap -1 is no time between brackets", "Pass 0 seconds or more"),
    "one time": (_with("--times", "1"), 1, "--times gives 1 exposure but good has 3", "Give one for each frame"),
    "long name of a result": (lambda good: ["tonemap", "y" * 300], 1, "File name too long", "give a shorter name"),
    "output to a pipe": (_with("-o", "-"), 2, "--output takes the name of a folder, not -", "Type --output DIR"),
    "empty weights": (_with("--weights="), 2, "--weights is empty", "Leave --weights out"),
    "empty report": (_with("--report="), 2, "--report is empty", "Leave --report out"),
    "option twice": (_with("--format=png", "--format", "exr"), 2, "--format is given more than", "as --format A,B"),
    "option twice, short": (
        _with("-ma", "-qmb"),
        2,
        "--model is given more than once",
        "Type it once, as --model NAME",
    ),
    "no number": (_with("--exposure=bright"), 2, r'--exposure cannot be "bright"\.', "Type --exposure STOPS"),
    "bit depth of other formats": (
        _with("--bit-depth", "12", "--format", "png,jpg"),
        2,
        "--bit-depth 12: no format",
        "png 8, 16; jpg 8",
    ),
    "frame that is not there": (_with("--reference", "4"), 1, "--reference 4", "1"),
    "frame zero": (_with("--reference", "0"), 2, "--reference 0", "1"),
    "garbage reference": (_with("--reference", "best"), 2, "best", "auto"),
    "unknown tag": (_with("-m", "dfgnet", "--weights", "nonesuch"), 1, '"nonesuch"', "--weights"),
    "missing weights file": (_with("-m", "dfgnet", "--weights", "no.safetensors"), 1, r"no\.safetensors", "path"),
    "output is a file": (_output_is_a_file, 1, "out is a file", "--output"),
    "empty output": (_with("-o", ""), 2, "--output", "DIR"),
    "contradiction": (_with("--overwrite", "--skip-existing"), 2, "--overwrite", "one"),
    "unknown option": (_with("--modle", "mertens"), 2, "--modle", "--model"),
    "long option with one dash": (_with("-output", "there"), 2, "-output", "--output"),
    "option without value": (_with("-m"), 2, "-m", "hdrcli fuse --help"),
    "name with a dash": (_dash, 2, "no option -x", r"\./-x\.jpg"),
    "no input": (lambda good: ["fuse"], 2, "INPUT", "--help"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_failure_is_told_in_two_lines_and_writes_nothing(
    case: str, run: Run, make_bracket: MakeBracket, tmp_path: Path
) -> None:
    arguments, status, error, hint = CASES[case]
    given = arguments(make_bracket(tmp_path / "good"))
    out = [] if "-o" in given or "-output" in given else ["-o", tmp_path / "out"]
    before = files(tmp_path)
    outcome = run(*given[:1], *out, *given[1:])
    first, second = outcome.err.splitlines()[:2]
    assert outcome.status == status, outcome.err
    assert re.match(f"Error: .*{error}", first), first
    assert re.match(f"Hint: .*{hint}", second), second
    assert first.endswith(".")
    assert second.endswith((".", "?"))
    assert "Traceback" not in outcome.err + outcome.out
    assert files(tmp_path) == before
    assert not list(tmp_path.rglob("fused.json"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_here(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    module = DFGNet(**SMALL)
    formula.fill(module)
    weights.save(module, tmp_path / "small.safetensors", "dfgnet", SMALL, {})
    good = make_bracket(tmp_path / "good")
    outcome = run("fuse", good, "-m", "dfgnet", "--weights", "small.safetensors", "--device", "cuda")
    assert outcome.status == 2
    assert outcome.err.startswith("Error: There is no cuda device here.\nHint: Pass --device cpu or auto.")


def test_two_brackets_of_one_name(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    """The first is fused, the second is refused: nothing is overwritten."""
    pair = make_bracket(tmp_path / "a" / "hall"), make_bracket(tmp_path / "b" / "hall")
    outcome = run("fuse", *pair, "-m", "mertens")
    assert outcome.status == 1
    assert "Error: Two brackets are named hall" in outcome.err
    assert files(tmp_path / "fused") == ["hall.exr", "hall.png"]


def test_debug_shows_the_traceback(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    good = make_bracket(tmp_path / "good")
    (good / "frame2.jpg").write_text("This is no picture.")
    assert "Traceback" in run("fuse", good, "--debug").err
    assert "Traceback" in run("fuse", good, "-m", "nonesuch", "--debug").err
