"""Commands beside `fuse` begin only what there is memory for, and name what there was none for."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from hdrcli import footprint, inspection, memory, readers, rendering
from hdrcli.comparison import Kind
from hdrcli.errors import ReadError
from hdrcli.evaluation import judging
from hdrcli.footprint import Footprint
from hdrcli.image import FrameHeader
from hdrcli.plan import Plan
from hdrcli.readers import exr
from hdrcli.settings import FuseSettings
from tests.cli.conftest import Run, files, run
from tests.evaluation.images import light, write_exr, write_png
from tests.test_memory import GB

__all__ = ["run"]


@pytest.fixture
def pairs(tmp_path: Path) -> None:
    """Predictions and truths of a small and of a large scene, as light and as pictures."""
    for name, side in (("small", 30), ("large", 60)):
        for folder, gain in (("made", 0.9), ("truth", 1.0)):
            pixels = light(side, side) * np.float32(gain)
            write_exr(tmp_path / "light" / folder / f"{name}.exr", pixels)
            write_png(tmp_path / "pictures" / folder / f"{name}.png", pixels)


def free(monkeypatch: pytest.MonkeyPatch, bytes_a_pixel: float) -> None:
    """A computer with so many bytes for each pixel of the large scene, and no more."""
    for name in ("available", "spare"):
        monkeypatch.setattr(memory, name, lambda: int(bytes_a_pixel * 60 * 60))
    monkeypatch.setattr(memory, "is_certain", lambda: True)


TONEMAP = "tonemap light/made -q"
TOGETHER = f"{TONEMAP} --together"
LINEAR = "eval light/made light/truth --metrics psnr_l -q"
DISPLAY = "eval pictures/made pictures/truth --metrics psnr -q"


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize(
    ("command", "room", "large"),
    [
        (TONEMAP, 15, "light/made/large.exr"),
        (TOGETHER, 15, "light/made/large.exr"),
        (LINEAR, 20, "light/made/large.exr"),
        (DISPLAY, 18, "pictures/made/large.png"),
    ],
)
def test_what_cannot_fit_is_not_begun_and_the_others_are_done(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, room: float, large: str
) -> None:
    seen: list[str] = []
    for name in ("read", "read_light", "read_scene"):
        whole = getattr(readers, name)
        monkeypatch.setattr(
            readers, name, lambda path, *more, whole=whole: seen.append(path.stem) or whole(path, *more)
        )
    free(monkeypatch, room)
    outcome = run(*command.split(), "--no-config", "--csv" if command.startswith("eval") else "-o", "out")
    assert outcome.status == 1
    error = f"Error: {large} would take about "
    assert error in outcome.err.replace("large: ", "").replace("Error: large ", "Error: ")
    assert set(seen) == {"small"}
    if command.startswith("tonemap"):
        assert files(tmp_path / "out") == ["small.png"]
    else:
        assert "small" in (tmp_path / "out").read_text()


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize("command", [TONEMAP, LINEAR, DISPLAY])
def test_what_may_not_fit_is_done_with_a_warning(run: Run, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    free(monkeypatch, 44)  # of 46 to 98
    outcome = run(*command.split(), "--no-config")
    assert outcome.status == 0
    assert outcome.err.count("large.") == outcome.err.count("may take about 0.0 GB of memory, and 0.0 GB are free.") > 0
    assert "small" not in outcome.err


def header(megapixels: float) -> FrameHeader:
    return FrameHeader(Path("a.exr"), round(megapixels * 1000), 1000)


def agree(found: Footprint, peak: float) -> bool:
    """Whether an estimate meets a peak in GB, of which 0.06 are there before anything is begun."""
    taken = (peak - 0.06) * GB
    return found.least < 0.95 * taken and 0.95 * taken < found.usual < 2.1 * taken


@pytest.mark.parametrize(
    ("megapixels", "formats", "peak"),  # of all processes of a run
    [
        (24, "png", 1.13),
        (24, "tiff", 1.17),
        (24, "jpg", 1.04),
        (24, "exr", 0.65),
        (24, "hdr", 0.98),
        (24, "uhdr", 1.81),
        (24, "avif", 2.66),
        (24, "jxl", 0.91),
        (24, "png,exr,tiff,jpg", 1.53),
        (100, "png", 4.08),
    ],
)
def test_estimates_of_tone_mapping_meet_measured_peaks(megapixels: float, formats: str, peak: float) -> None:
    assert agree(footprint.of_picture(header(megapixels), formats.split(",")), peak)


@pytest.mark.parametrize(("model", "peak"), [("mertens", 1.75), ("debevec", 1.73)])
def test_the_estimate_of_a_page_meets_measured_peaks(model: str, peak: float) -> None:
    """Of three JPEG frames of 24 megapixels; without a page they take 1.06 and 1.04 GB."""
    frames = tuple(FrameHeader(Path(f"{number}.jpg"), 6000, 4000) for number in range(3))
    assert agree(footprint.of(Plan("hall", frames, model, ()), FuseSettings(), shown=True), peak)


@pytest.mark.parametrize(
    ("kind", "drawn", "frames", "peak"),  # of a pair of 24 megapixels: the costliest metric of a kind, and the cheapest
    [
        ("linear", False, 0, 2.38),
        ("linear", False, 0, 1.50),
        ("linear", True, 0, 3.23),
        ("display", False, 0, 1.52),
        ("display", False, 0, 0.80),
        ("tone-mapped", False, 0, 1.80),
        ("fused", False, 3, 2.42),
    ],
)
def test_estimates_of_measuring_meet_measured_peaks(kind: Kind, drawn: bool, frames: int, peak: float) -> None:
    assert agree(footprint.of_pair([header(24)] * 2, [kind], frames, drawn=drawn), peak)


def exhausted(*_: object, **__: object) -> None:
    raise MemoryError


@pytest.mark.usefixtures("pairs")
def test_memory_that_runs_out_all_the_same_costs_one_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the estimate said."""
    whole = rendering.encoded
    monkeypatch.setattr(rendering, "encoded", lambda *given: exhausted() if given[2].name == "large" else whole(*given))
    outcome = run(*TONEMAP.split(), "--no-config")
    assert (outcome.status, outcome.err.splitlines()[0]) == (
        1,
        "Error: light/made/large.exr needs more memory than there is.",
    )
    whole_check = judging.light.white_of
    monkeypatch.setattr(
        judging.light, "white_of", lambda *given: exhausted() if given[1].stem == "large" else whole_check(*given)
    )
    outcome = run(*LINEAR.split(), "--no-config", "--json")
    assert outcome.status == 1
    assert outcome.json["pairs"][1]["values"]
    assert outcome.err.startswith("Error: ")
    assert "light/made/large.exr needs more memory than there is.\nHint: Close other programs" in outcome.err


def test_memory_that_runs_out_in_a_command_is_no_bug(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(inspection, "inspect", exhausted)
    outcome = run("inspect", tmp_path, "--no-config")
    assert outcome.status == 1
    assert outcome.err.startswith("Error: hdrcli inspect needs more memory than there is.\nHint: Close other programs")


def test_an_exr_whose_pixels_find_no_memory_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenEXR says so on standard output, and goes on without them."""
    path = write_exr(tmp_path / "a.exr", light())
    whole = OpenEXR.File

    def short(stream: object, separate_channels: bool, header_only: bool) -> object:
        if not header_only:
            sys.stdout.write(
                "Warning: Exception raised reading pixel data for part 0 - MemoryError: Unable to allocate"
            )
        return whole(stream, separate_channels=separate_channels, header_only=header_only)

    monkeypatch.setattr(OpenEXR, "File", short)
    with pytest.raises(ReadError, match="does not fit in memory"):
        exr.read(path)
