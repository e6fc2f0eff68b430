"""What is typed and heeded by nothing: a note, or a refusal; defaults of files are silent. And what is heeded acts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image

import hdrcli
from hdrcli import unheeded
from hdrcli.cli.app import app
from hdrcli.image import DisplayImage, FrameHeader, RadianceMap
from hdrcli.settings import FuseSettings
from hdrcli.unheeded import Case
from tests.cli.conftest import Run
from tests.conftest import MakeBracket
from tests.readers.samples import dng, ramp

JPEGS = (FrameHeader(Path("1.jpg"), 4, 4), FrameHeader(Path("2.jpg"), 4, 4))
RAWS = (FrameHeader(Path("1.dng"), 4, 4, is_raw=True), FrameHeader(Path("2.dng"), 4, 4, is_raw=True))
EXRS = (FrameHeader(Path("1.exr"), 4, 4), FrameHeader(Path("2.exr"), 4, 4))
DEBEVEC, MERTENS = Case("debevec", JPEGS, RadianceMap), Case("mertens", JPEGS, DisplayImage)
DFGNET, DPG = Case("dfgnet", JPEGS, RadianceMap, True), Case("dpg", JPEGS, DisplayImage, True)


@pytest.fixture
def hall(make_bracket: MakeBracket, tmp_path: Path) -> Path:
    """A bracket of JPEGs in the folder that commands run in."""
    return make_bracket(tmp_path / "hall")


def told(text: str) -> list[str]:
    """The notes about options without effect."""
    return [line for line in text.splitlines() if "has no effect" in line]


@pytest.mark.parametrize(
    ("typed", "heeded", "unheeded_by", "why"),
    [
        ("tile", DPG, DEBEVEC, "it is for networks, not for debevec"),
        ("precision", DFGNET, MERTENS, "it is for networks, not for mertens"),
        ("device", DFGNET, MERTENS, "it is for networks, not for mertens"),
        ("prior", DPG, MERTENS, "it is for networks, not for mertens"),
        ("weights", DPG, DEBEVEC, "it is for networks, not for debevec"),
        ("static_merge", DFGNET, DPG, "it is for networks that make linear light, not for dpg"),
        ("static_merge", DFGNET, DEBEVEC, "it is for networks that make linear light, not for debevec"),
        ("tone_map", DEBEVEC, DPG, "it is for linear light, not for pictures by dpg"),
        ("strength", DEBEVEC, MERTENS, "it is for linear light, not for pictures by mertens"),
        ("response", DEBEVEC, MERTENS, "it is for linear light, not for pictures by mertens"),
        (
            "response",
            DEBEVEC,
            Case("debevec", (*RAWS, *EXRS), RadianceMap),
            "it is for display-encoded frames, and all are linear",
        ),
        (
            "demosaic",
            Case("debevec", (*JPEGS, *RAWS), RadianceMap),
            DEBEVEC,
            "it is for RAW frames, and there are none",
        ),
    ],
)
def test_a_note_where_no_bracket_heeds_it(typed: str, heeded: Case, unheeded_by: Case, why: str) -> None:
    option = f"--{typed.replace('_', '-')}"
    assert unheeded.notes(FuseSettings(), {typed}, [unheeded_by]) == (f"{option} has no effect: {why}.",)
    assert unheeded.notes(FuseSettings(), {typed}, [unheeded_by, heeded]) == ()
    assert unheeded.notes(FuseSettings(), set(), [unheeded_by]) == ()
    assert unheeded.notes(FuseSettings(), {typed}, []) == ()


def test_brackets_may_have_reasons_of_their_own() -> None:
    raws = Case("debevec", RAWS, RadianceMap)
    assert unheeded.notes(FuseSettings(), {"response"}, [MERTENS, raws]) == (
        "--response has no effect: it is for linear light, not for pictures by mertens, and it is for display-encoded "
        "frames, and all are linear.",
    )
    assert unheeded.notes(FuseSettings(), {"tile"}, [MERTENS, DEBEVEC, MERTENS]) == (
        "--tile has no effect: it is for networks, not for debevec and mertens.",
    )


@pytest.mark.parametrize(
    ("typed", "settings", "why"),
    [
        ("exposure", {"formats": ("exr", "hdr")}, "it is for pictures, not for the linear light of exr and hdr"),
        ("tone_map", {"formats": ("jxl",)}, "it is for pictures, not for the linear light of jxl"),
        ("contrast", {"formats": ("avif",)}, "it is for pictures, not for the light of avif"),
        ("quality", {"formats": ("png", "exr")}, "it is for lossy formats, not for png and exr"),
        ("crop", {"crop": "common", "align": "off"}, "it is for aligned frames, and --align is off"),
        ("gap", {"gap": 3.0, "size": 3}, "--size says where brackets end"),
        ("exposure", {"formats": ("avif", "exr")}, ""),
        ("contrast", {"formats": ("exr", "uhdr")}, ""),
        ("quality", {"formats": ("exr", "jxl")}, ""),
        ("crop", {"crop": "common"}, ""),
    ],
)
def test_a_note_where_no_format_or_other_option_heeds_it(typed: str, settings: dict[str, object], why: str) -> None:
    option = f"--{typed.replace('_', '-')}"
    found = unheeded.notes(FuseSettings(**settings), {typed}, [DEBEVEC])
    assert found == ((f"{option} has no effect: {why}.",) if why else ())


def test_each_rule_is_of_options_that_fuse_has() -> None:
    known = {one.name for one in typer.main.get_command(app).commands["fuse"].params}
    assert {option for rule in unheeded._RULES for option in rule.options} <= known


def test_it_is_said_once_for_a_run(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    for name in ("attic", "barn"):
        make_bracket(tmp_path / "house" / name)
    typed = ("fuse", "house", "-m", "mertens", "--tile", "64", "--demosaic", "ahd", "--tone-map", "natural")
    outcome = run(*typed, "--format", "png", "--json")
    notes = [
        "--tile has no effect: it is for networks, not for mertens.",
        "--tone-map has no effect: it is for linear light, not for pictures by mertens.",
        "--demosaic has no effect: it is for RAW frames, and there are none.",
    ]
    assert outcome.status == 0
    assert told(outcome.err) == [f"Note: {note}" for note in notes]
    assert outcome.json["notes"] == notes
    assert outcome.json["brackets"][0]["notes"][0].startswith("reference frame frame2.jpg")
    assert run(*typed, "--dry-run", "--overwrite", "--json").json["notes"] == notes
    assert run(*typed, "--skip-existing", "--format", "png", "--json").json["notes"] == []
    assert told(run(*typed, "--overwrite", "-q").err) == []


def test_defaults_are_never_told_of_nor_refused(run: Run, hall: Path, tmp_path: Path) -> None:
    (tmp_path / "hdrcli.toml").write_text(
        '[fuse]\nprior = "none"\nweights = "cc"\nstrength = 40\ntile = 64\ndemosaic = "ahd"\ntone-map = "natural"\n'
    )
    for model in ("mertens", "debevec"):
        outcome = run("fuse", "hall", "-m", model, "--tone-map", "drago", "-o", model, "--format", "png")
        assert outcome.status == 0, outcome.err
        assert [note.split(" ")[1] for note in told(outcome.err)] == ["--tone-map"] * (model == "mertens")
    without = run("fuse", "hall", "-m", "debevec", "--tone-map", "drago", "-o", "b", "--format", "png", "--no-config")
    assert without.status == 0
    assert (tmp_path / "b" / "hall.png").read_bytes() == (tmp_path / "debevec" / "hall.png").read_bytes()
    assert run("fuse", "hall", "--dry-run").status == 0
    for typed in (("--prior", "none"), ("--weights", "cc")):
        refused = run("fuse", "hall", "-m", "mertens", *typed)
        assert (refused.status, refused.err.split(" ")[1]) == (2, typed[0])
    refused = run("fuse", "hall", "-m", "debevec", "--tone-map", "drago", "--strength", "10")
    assert refused.err.startswith("Error: --strength is for operators that look at a pixel's surroundings; drago")


def test_the_controls_act_on_the_pictures_of_display_fusers(run: Run, hall: Path, tmp_path: Path) -> None:
    controls = {"exposure": -1, "contrast": 50, "saturation": -100, "warmth": 60, "tint": 60}
    assert run("fuse", "hall", "-m", "mertens", "-o", "plain", "--format", "png").status == 0
    plain = np.asarray(Image.open(tmp_path / "plain" / "hall.png")).astype(int)
    for name, value in controls.items():
        outcome = run("fuse", "hall", "-m", "mertens", "-o", name, "--format", "png", f"--{name}", value)
        assert told(outcome.err) == []
        assert np.abs(np.asarray(Image.open(tmp_path / name / "hall.png")).astype(int) - plain).mean() > 2


def test_raw_frames_heed_demosaic_and_no_response(run: Run, tmp_path: Path) -> None:
    (tmp_path / "raws").mkdir()
    for number, time in ((1, (1, 60)), (2, (1, 15))):
        scene = ramp(32, 48)[:, :, 0] / 255 * time[0] / time[1] * 10
        dng(tmp_path / "raws" / f"{number}.dng", scene, exposure_time=time)
    typed = ("fuse", "raws", "-m", "debevec", "--demosaic", "ahd", "--format", "exr")
    assert told(run(*typed).err) == []
    plain = (tmp_path / "fused" / "raws.exr").read_bytes()
    notes = told(run(*typed, "--response", "linear", "--overwrite").err)
    assert notes == ["Note: --response has no effect: it is for display-encoded frames, and all are linear."]
    assert (tmp_path / "fused" / "raws.exr").read_bytes() == plain


def test_tonemap_tells_too(run: Run, hall: Path) -> None:
    for model in ("mertens", "debevec"):
        assert run("fuse", "hall", "-m", model, "-o", model, "--format", "exr").status == 0
    asked = ("--tone-map", "fusion", "--strength", "20", "--exposure", "1", "--quality", "90")
    notes = [
        "Note: --tone-map has no effect: it is for linear light, not for pictures by mertens.",
        "Note: --strength has no effect: it is for linear light, not for pictures by mertens.",
        "Note: --quality has no effect: it is for lossy formats, not for png.",
    ]
    assert told(run("tonemap", "mertens/hall.exr", "-o", "a", *asked).err) == notes
    assert told(run("tonemap", "debevec/hall.exr", "-o", "b", *asked).err) == notes[2:]


def test_from_python_what_is_not_at_its_default_was_asked_for(hall: Path) -> None:
    options = {"model": "mertens", "dry_run": True, "adjustments": hdrcli.Adjustments(strength=5, contrast=5)}
    assert hdrcli.fuse(hall, tile="auto", device="auto", demosaic="dht", **options).notes == (
        "--strength has no effect: it is for linear light, not for pictures by mertens.",
    )
    assert hdrcli.fuse(hall, typed={"tile"}, **options).notes == (
        "--tile has no effect: it is for networks, not for mertens.",
    )
