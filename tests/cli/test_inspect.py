"""`hdrcli inspect`: the frames, and what `fuse` would do; and it writes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdrcli.cli.inspect import seconds
from tests import scenes
from tests.cli.conftest import Run, files
from tests.conftest import MakeBracket

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_frames_and_verdict(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make_bracket(tmp_path / "hall")
    outcome = run("inspect", "hall")
    assert (outcome.status, outcome.err) == (0, "")
    title, head, first, reference, _, *verdict = outcome.out.splitlines()
    assert title == "hall: 3 frames, exposures from EXIF"
    assert head.split() == ["Frame", "Size", "Time", "f/", "ISO", "Stops", "White", "Black", "Kind"]
    assert first.split()[:6] == ["frame1.jpg", "48x32", "1/400", "8", "100", "-2.00"]
    assert reference.split()[:2] == ["*", "frame2.jpg"]
    assert "  model debevec: nothing moved between the frames" in verdict
    assert "  fuse would write fused/hall.png .exr with debevec" in verdict
    assert files(tmp_path) == ["hall/frame1.jpg", "hall/frame2.jpg", "hall/frame3.jpg"]


def test_json(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make_bracket(tmp_path / "hall")
    (bracket,) = run("inspect", "hall", "--json", "-m", "mertens").json["brackets"]
    assert bracket["reference"] == "hall/frame2.jpg"
    assert (bracket["model"], bracket["moved"]) == ("mertens", 0)
    assert bracket["error"] is None
    frame = bracket["frames"][2]
    assert (frame["file"], frame["width"], frame["height"]) == ("hall/frame3.jpg", 48, 32)
    assert frame["exposure_time"] == pytest.approx(0.04)
    assert (frame["stops"], frame["kind"]) == (2.0, "8 bit")
    assert 0 < frame["saturated"] < 1


def test_what_moved(run: Run, tmp_path: Path) -> None:
    """The examples' ball rolls over a tenth of the picture between three frames."""
    outcome = run("inspect", str(EXAMPLES / "vestibule"), "--json")
    assert 0.08 < outcome.json["brackets"][0]["moved"] < 0.2


def test_sixteen_bits_without_times(run: Run, tmp_path: Path) -> None:
    scenes.write_bracket(tmp_path / "hall", scenes.radiance(32, 48), [0.1, 1, 10], levels=65535)
    out = run("inspect", "hall").out
    assert "hall: 3 frames, exposures unknown: ordered by brightness" in out
    assert "16 bit" in out
    assert "with mertens" in out


def test_existing_outputs_are_told(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make_bracket(tmp_path / "hall")
    assert run("fuse", "hall", "-m", "mertens").status == 0
    assert "which exists" in run("inspect", "hall").out


def test_a_bad_bracket_is_shown_with_its_error(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    for name in ("attic", "barn"):
        make_bracket(tmp_path / "house" / name)
    (tmp_path / "house" / "barn" / "frame2.jpg").write_text("no picture")
    outcome = run("inspect", "house")
    assert outcome.status == 1
    assert "attic: 3 frames" in outcome.out
    assert outcome.err.startswith("Error: house/barn/frame2.jpg")
    assert "\nHint: " in outcome.err
    first, bad = run("inspect", "house", "--json").json["brackets"]
    assert first["error"] is None
    assert "frame2.jpg" in bad["error"]


@pytest.mark.parametrize(
    ("time", "text"), [(1 / 8000, "1/8000"), (1 / 60, "1/60"), (0.25, "1/4"), (0.5, "0.5"), (2.5, "2.5"), (30, "30")]
)
def test_times_read_as_on_a_camera(time: float, text: str) -> None:
    assert seconds(time) == text
