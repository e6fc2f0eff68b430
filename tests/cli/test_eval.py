"""`hdrcli eval` as people and scripts meet it."""

from __future__ import annotations

import csv
import os
import stat
from pathlib import Path

import pytest

from hdrcli import plugins
from tests import scenes
from tests.cli.conftest import Run
from tests.evaluation.images import light, write_exr


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_a_table_takes_no_place_of_a_device(run: Run, pair: tuple[str, str], tmp_path: Path, more: tuple[str]) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "null.csv").symlink_to("/dev/null")
    (tmp_path / "folder.csv").mkdir()
    for name, what in (("pipe.csv", "a device, a pipe"), ("null.csv", "a device, a pipe"), ("folder.csv", "a folder")):
        outcome = run("eval", *pair, "--metrics", "psnr_l", "--csv", name, *more)
        assert (outcome.status, outcome.out) == (1, "")
        assert outcome.err.startswith(f"Error: {name} is {what}")
    assert stat.S_ISFIFO((tmp_path / "pipe.csv").stat().st_mode)
    assert (tmp_path / "null.csv").readlink() == Path("/dev/null")


def test_a_table_replaces_tables_alone(run: Run, pair: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("a year's work")
    wanted = ("eval", *pair, "--metrics", "psnr_l", "--csv")
    refused = run(*wanted, "thesis.doc")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("Error: thesis.doc exists and is no table of hdrcli.\nHint: Pass --overwrite")
    assert (tmp_path / "thesis.doc").read_text() == "a year's work"
    for more in ("t.csv",), ("t.csv",), ("thesis.doc", "--overwrite"):
        assert run(*wanted, *more).status == 0
    assert (tmp_path / "t.csv").read_bytes() == (tmp_path / "thesis.doc").read_bytes()


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """The names of a prediction that is off by a hundredth, 40 dB, and of its truth."""
    write_exr(tmp_path / "made.exr", light() + 0.01)
    write_exr(tmp_path / "truth.exr", light())
    return "made.exr", "truth.exr"


def test_json_of_a_pair(run: Run, pair: tuple[str, str]) -> None:
    outcome = run("eval", *pair, "--metrics", "psnr_l,psnr_mu", "--json", "-q")
    assert (outcome.status, outcome.err) == (0, "")
    told = outcome.json
    (one,) = told["pairs"]
    assert (one["prediction"], one["truth"], one["error"]) == (*pair, None)
    assert list(one["values"]) == ["psnr_l", "psnr_mu"]
    assert one["values"]["psnr_l"] == pytest.approx(40, abs=1e-4)
    assert told["mean"] == one["values"]
    assert told["settings"]["gain"] == "none"


def test_equal_images_are_json_too(run: Run, pair: tuple[str, str]) -> None:
    assert run("eval", pair[1], pair[1], "--metrics", "psnr_l", "--json").json["mean"] == {"psnr_l": "inf"}


def test_the_table_is_on_stdout(run: Run, pair: tuple[str, str]) -> None:
    outcome = run("eval", *pair, "--metrics", "psnr_l")
    assert [line.split() for line in outcome.out.splitlines()] == [["Scene", "psnr_l"], ["made", "40.00"]]


def test_models_on_a_data_set(run: Run, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        folder = tmp_path / "set" / f"s{number}"
        radiance = scenes.radiance(48, 64, stops=5 + number)
        scenes.write_bracket(folder, radiance, [0.25, 1, 4], levels=65535)
        (folder / "times.txt").write_text("1,4,16")
        write_exr(folder / "truth.exr", radiance * 0.25)
    outcome = run("eval", "set", "-m", "debevec,dfgnet", "--metrics", "psnr_mu", "--csv", "scores.csv")
    assert outcome.status == 0, outcome.err
    lines = [line.split() for line in outcome.out.splitlines()]
    assert lines[0] == ["Scene", "Model", "psnr_mu"]
    assert [line[:2] for line in lines[1:7]] == [[f"s{n}", m] for m in ("debevec", "dfgnet") for n in (1, 2, 3)]
    assert [line[0] for line in lines[7:10]] == ["mean", "median", "worst"]
    rows = list(csv.DictReader((tmp_path / "scores.csv").open()))
    assert [row["model"] for row in rows] == ["debevec"] * 3 + ["dfgnet"] * 3
    assert all(float(row["psnr_mu"]) > 30 for row in rows)
    assert (tmp_path / "evaluated" / "dfgnet" / "s2.png").exists()


def test_a_scene_that_fails_is_named_last_and_the_others_are_done(run: Run, pair: tuple[str, str]) -> None:
    for folder in ("made", "truth"):
        for name in ("a", "b"):
            write_exr(Path(folder) / f"{name}.exr", light(height=40 + (folder == "made") * (name == "b")))
    outcome = run("eval", "made", "truth", "--metrics", "psnr_l", "--json")
    assert outcome.status == 1
    assert [one["error"] is None for one in outcome.json["pairs"]] == [True, False]
    assert outcome.err.splitlines()[-2] == "Error: made/b.exr is 60x41 but truth/b.exr is 60x40."
    assert outcome.err.splitlines()[-1].startswith("Hint: ")


def test_csv_holds_no_formulas(run: Run, tmp_path: Path) -> None:
    for folder in ("made", "truth"):
        write_exr(tmp_path / folder / "=1+1.exr", light())
    assert run("eval", "made", "truth", "--metrics", "psnr_l", "--csv", "scores.csv").status == 0
    assert (tmp_path / "scores.csv").read_text().splitlines()[1].startswith('"\'=1+1",')


def test_list_tells_which_each_metric_is(run: Run) -> None:
    outcome = run("eval", "--list")
    assert outcome.status == 0
    assert [line.split()[0] for line in outcome.out.splitlines()[1:]] == plugins.names("metrics")
    told = {one["name"]: one for one in run("eval", "--list", "--json").json["metrics"]}
    assert told["tmqi"]["figures"] == ["tmqi", "tmqi_s", "tmqi_n"]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 2, "Error: hdrcli eval is missing its PREDICTION."),
        (("truth.exr",), 2, "Error: There is nothing to measure against."),
        (("truth.exr", "none.exr"), 1, "Error: none.exr does not exist."),
        (("truth.exr", "truth.exr", "--metrics", "psnr-mu"), 2, 'Error: --metrics has no "psnr-mu".'),
        (("truth.exr", "truth.exr", "--white", "bright"), 2, 'Error: --white "bright" is no level of white.'),
        (("truth.exr", "truth.exr", "--metrics", "tmqi"), 1, "Error: truth: tmqi takes a display picture and a linear"),
        (("truth.exr", "-m", "dfgnet"), 1, "Error: truth.exr is no folder."),
        ((".", "-m", "dfgnett"), 2, 'Error: --model has no "dfgnett".'),
        (("truth.exr", "truth.exr", "--peak-luminance", "0"), 2, "Error: --peak-luminance 0.0 is not above 0."),
    ],
)
def test_what_goes_wrong_is_said(
    run: Run, pair: tuple[str, str], arguments: tuple[str, ...], status: int, words: str
) -> None:
    outcome = run("eval", *arguments)
    assert outcome.status == status, outcome.err
    assert outcome.err.splitlines()[0].startswith(words)
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
