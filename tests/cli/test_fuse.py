"""`hdrcli fuse` when it works: what it writes, what it says where, and how a batch goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdrcli import plugins
from tests.cli.conftest import Run, files
from tests.conftest import MakeBracket


@pytest.fixture
def batch(make_bracket: MakeBracket, tmp_path: Path) -> Path:
    """A folder of three brackets; the middle one has a truncated frame."""
    for name in ("attic", "barn", "cellar"):
        make_bracket(tmp_path / "house" / name)
    bad = tmp_path / "house" / "barn" / "frame2.jpg"
    bad.write_bytes(bad.read_bytes()[:-300])
    return tmp_path / "house"


def test_a_bracket_becomes_two_files_and_a_table(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make_bracket(tmp_path / "hall")
    outcome = run("fuse", "hall", "-m", "debevec")
    assert (outcome.status, outcome.out) == (0, "")
    assert files(tmp_path / "fused") == ["hall.exr", "hall.png"]
    lines = outcome.err.splitlines()
    assert lines[0].startswith("hall: reference frame frame2.jpg: ")
    assert lines[1] == "hall: exposures from EXIF"
    assert lines[-2].split() == ["Bracket", "Frames", "Stops", "Model", "Status", "Outputs"]
    assert lines[-1].split() == ["hall", "3", "-2.0", "to", "+2.0", "debevec", "done", "fused/hall.png", ".exr"]


def test_auto_says_which_model_and_why(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make_bracket(tmp_path / "pair", times=(0.01, 0.04))
    assert "pair: model debevec: exposure times are known" in run("fuse", "pair").err


@pytest.mark.parametrize("formats", ["jpeg,tif", "JPG,TIFF", "jpg, tiff,jpeg"])
def test_formats_go_by_all_their_names(run: Run, make_bracket: MakeBracket, tmp_path: Path, formats: str) -> None:
    make_bracket(tmp_path / "hall")
    assert run("fuse", "hall", "-m", "mertens", "--format", formats).status == 0
    assert files(tmp_path / "fused") == ["hall.jpg", "hall.tiff"]


def test_all_formats_at_once(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make_bracket(tmp_path / "hall.1")
    formats = plugins.names("writers")
    outcome = run("fuse", "hall.1", "-m", "debevec", "--format", ",".join(["uhdr", *formats]))
    assert outcome.status == 0
    suffixes = ["avif", "exr", "hdr", "jpg", "jxl", "png", "tiff", "uhdr.jpg"]
    assert files(tmp_path / "fused") == [f"hall.1.{suffix}" for suffix in suffixes]
    assert outcome.err.rstrip().endswith("fused/hall.1.uhdr.jpg .avif .exr .hdr .jpg .jxl .png .tiff")


def test_stops_may_begin_with_a_dash(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make_bracket(tmp_path / "hall")
    outcome = run("fuse", "hall", "--dry-run", "--stops", "-2,0,2", "--json")
    assert outcome.json["brackets"][0]["stops"] == [-2, 0, 2]


def test_a_dry_run_shows_the_brackets_and_writes_nothing(run: Run, batch: Path, tmp_path: Path) -> None:
    before = files(tmp_path)
    outcome = run("fuse", batch, "--dry-run", "-o", "out")
    assert "attic" in outcome.out
    assert "planned" in outcome.out
    assert "out/attic.png .exr" in outcome.out
    assert files(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_one_bad_bracket_does_not_stop_the_others(run: Run, batch: Path, tmp_path: Path) -> None:
    outcome = run("fuse", batch, "-m", "mertens")
    assert outcome.status == 1
    assert files(tmp_path / "fused") == ["attic.exr", "attic.png", "cellar.exr", "cellar.png"]
    *_, count, error, hint = outcome.err.splitlines()
    assert count == "2 done, 1 failed."
    assert error.startswith("Error: ")
    assert "barn/frame2.jpg" in error
    assert hint.startswith("Hint: ")


def test_json_is_one_object_and_nothing_else(run: Run, batch: Path) -> None:
    outcome = run("fuse", "house", "-m", "mertens", "--json", "--format", "png")
    assert outcome.status == 1
    assert outcome.json.keys() == {"brackets", "left", "notes"}
    first, bad, last = outcome.json["brackets"]
    assert first == {
        "name": "attic",
        "inputs": [f"house/attic/frame{number}.jpg" for number in (1, 2, 3)],
        "stops": [-2.0, 0.0, 2.0],
        "scale_stops": 0.0,
        "model": "mertens",
        "outputs": ["fused/attic.png"],
        "status": "done",
        "error": None,
        "left_out": [],
        "notes": [
            "reference frame frame2.jpg: 33.7 % white and 0.0 % black, the least around the middle",
            "exposures from EXIF",
        ],
    }
    assert (bad["status"], last["status"]) == ("failed", "done")
    assert "house/barn/frame2.jpg" in bad["error"]
    assert bad["inputs"] == [f"house/barn/frame{number}.jpg" for number in (1, 2, 3)]


def test_files_in_no_bracket_are_listed(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make_bracket(tmp_path / "hall")
    (tmp_path / "hall" / "old.psd").write_bytes(b"")
    outcome = run("fuse", "hall", "--dry-run", "--json")
    assert outcome.json["left"] == ["hall/old.psd"]
    assert "Note: hall/old.psd" in outcome.err


def test_existing_results(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make_bracket(tmp_path / "hall")
    assert run("fuse", "hall", "-m", "mertens").status == 0
    (tmp_path / "fused" / "hall.png").write_text("mine")
    refused = run("fuse", "hall", "-m", "mertens")
    assert refused.status == 1
    assert refused.err.startswith("Error: fused/hall.png exists.\nHint: Pass --overwrite or --skip-existing")
    skipped = run("fuse", "hall", "-m", "mertens", "--skip-existing", "--json")
    assert (skipped.status, skipped.json["brackets"][0]["status"]) == (0, "skipped")
    assert (tmp_path / "fused" / "hall.png").read_text() == "mine"
    assert run("fuse", "hall", "-m", "mertens", "--overwrite").status == 0
    assert (tmp_path / "fused" / "hall.png").read_bytes().startswith(b"\x89PNG")


def test_the_output_folder_is_made(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make_bracket(tmp_path / "hall")
    assert run("fuse", "hall", "-m", "mertens", "-o", "some/where/new").status == 0
    assert files(tmp_path / "some" / "where" / "new") == ["hall.exr", "hall.png"]


@pytest.mark.parametrize("name", ["two words", "Zürich – 夜", "[bold]x", "[red]", ":smile:", "--", "100%", "a'b"])
def test_any_name_goes_through_as_it_is(run: Run, make_bracket: MakeBracket, tmp_path: Path, name: str) -> None:
    make_bracket(tmp_path / name)
    outcome = run("fuse", "-m", "mertens", "--format", "png", "--", f"./{name}")
    assert outcome.status == 0, outcome.err
    assert files(tmp_path / "fused") == [f"{name}.png"]
    assert f"fused/{name}.png" in outcome.err


def test_a_line_break_in_a_name_stays_in_its_line(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make_bracket(tmp_path / "two\nlines\x1b[31m")
    outcome = run("fuse", "-m", "mertens", "--format", "png", tmp_path / "two\nlines\x1b[31m")
    assert r"fused/two\nlines\x1b[31m.png" in outcome.err
    assert "\x1b" not in outcome.err


def test_a_long_path_is_never_cut(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    make_bracket(tmp_path / "hall")
    folder = "/".join(["a folder with a long name"] * 8)
    assert f"{folder}/hall.png .exr" in run("fuse", "hall", "-m", "mertens", "-o", folder).err


def test_two_jobs_make_what_one_makes(run: Run, make_bracket: MakeBracket, tmp_path: Path) -> None:
    for number in range(4):
        make_bracket(tmp_path / "shoot" / f"b{number}", width=40 + number)
    one = run("fuse", "shoot", "-m", "debevec", "-o", "one", "--json")
    two = run("fuse", "shoot", "-m", "debevec", "-o", "two", "--json", "--jobs", "2")
    assert one.json == {**two.json, "brackets": [_elsewhere(bracket, "two", "one") for bracket in two.json["brackets"]]}
    assert files(tmp_path / "one") == files(tmp_path / "two")
    for name in files(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def _elsewhere(bracket: dict[str, object], old: str, new: str) -> dict[str, object]:
    return {**bracket, "outputs": [str(output).replace(old, new) for output in bracket["outputs"]]}


def test_quiet_says_nothing_but_errors(run: Run, batch: Path) -> None:
    assert run("fuse", batch / "attic", "-m", "mertens", "-q").err == ""
    outcome = run("fuse", batch, "-m", "mertens", "-q", "--overwrite")
    assert outcome.out == ""
    assert [line.split(":")[0] for line in outcome.err.splitlines()] == ["Error", "Hint"]
