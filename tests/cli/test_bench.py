"""`hdrcli bench` as people and scripts meet it, on frames of 64x48 pixels or so."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
import torch

from hdrcli.benchmarks import command, frames, peers, processes, whole
from hdrcli.benchmarks.frames import Frames
from hdrcli.benchmarks.peers import Peer
from hdrcli.benchmarks.processes import Usage
from hdrcli.cli import app
from tests.cli.conftest import Run, start

TINY = ("--sizes", "0.003", "--repeats", "1")


def test_tables_json_and_a_plot(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    outcome = run("bench", *TINY, "--models", "mertens", "-o", "out", "--scenes", "drawn")
    assert outcome.status == 0, outcome.err
    assert "mertens, png: hdrcli --align off, 1 of 1" in outcome.err
    titles = ("Environment", "Whole processes", "Stages of hdrcli, in seconds")
    assert [line for line in outcome.out.splitlines() if line in titles] == list(titles)
    told = json.loads((tmp_path / "out" / "bench.json").read_text())
    programs = {row["program"] for row in told["whole"]}
    assert programs >= {"hdrcli", "hdrcli --align off", "OpenCV createMergeMertens"}
    assert ("enfuse" in programs) == (shutil.which("enfuse") is not None)
    assert {row["megapixels"] for row in told["whole"]} == {frames.size(0.003)[0] * frames.size(0.003)[1] / 1e6}
    ours = told["whole"][0]
    assert sum(one["median"] for one in ours["stages"].values()) == pytest.approx(ours["wall"]["median"])
    assert ours["memory"]["median"] > 20e6  # Python with NumPy and OpenCV
    assert told["failures"] == []
    assert "### Whole processes" in (tmp_path / "out" / "tables.md").read_text()
    assert (tmp_path / "out" / "scaling.png").read_bytes().startswith(b"\x89PNG")
    assert str(tmp_path) not in (tmp_path / "out" / "bench.json").read_text()
    assert (tmp_path / "drawn" / "0.003 MP" / "3.jpg").is_file()
    refused = run("bench", *TINY, "-o", "out")
    assert (refused.status, refused.err.splitlines()[0]) == (2, "Error: out/tables.md exists.")


def test_what_is_not_installed_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers.shutil, "which", lambda name: None)
    there, said = peers.peers()
    assert "enfuse" not in {one.name for one in there}
    assert said == ["enfuse is not installed and left out."]


def test_a_device_that_is_not_here_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command.processes, "call", lambda task, name, **given: ({"device": None}, None))
    monkeypatch.setattr(command.frames, "made", lambda folder, width, height: None)
    outcome = run("bench", *TINY, "--models", "lightfuse", "--device", "cuda", "--json", "-q")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.json["whole"] == outcome.json["networks"] == outcome.json["warm"] == []
    assert outcome.json["notes"][0] == "There is no cuda device here: networks are left out."


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_on_a_device_stages_are_told_apart(run: Run) -> None:
    outcome = run("bench", *TINY, "--network-size", "0.01", "--models", "lightfuse", "--device", "cuda", "--json")
    assert outcome.status == 0, outcome.err
    assert outcome.json["environment"]["device"] == torch.cuda.get_device_name(0)
    (row,) = outcome.json["warm"]
    assert {"reading", "network", "writing"} <= set(row["stages"])


def test_a_peer_that_fails_is_told_and_the_others_go_on(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(frames: Frames, target: Path) -> Usage:
        return processes.run([sys.executable, "-c", "raise SystemExit('it is broken')"], "peer")[1]

    monkeypatch.setattr(command.processes, "call", lambda task, name, **given: ({"device": "CPU"}, None))
    monkeypatch.setattr(command.frames, "made", lambda *given: Frames(tmp_path, ("1.jpg",), (1.0,), 64, 48))
    monkeypatch.setattr(whole, "fused", lambda *given, **options: whole.Run(Usage(1.0, 1.0, 10), 5))
    monkeypatch.setattr(peers, "peers", lambda: ([Peer("peer", "mertens", "png", broken)], []))
    outcome = run("bench", *TINY, "--models", "mertens", "--json")
    assert outcome.status == 1
    assert {row["program"] for row in outcome.json["whole"]} == {"hdrcli", "hdrcli --align off"}
    first, second = outcome.err.splitlines()[-2:]
    assert first == "Error: 0.00307 MP, 1 frames, mertens, png: peer ended with status 1: it is broken."
    assert second.startswith("Hint: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--sizes", "2,big"), '--sizes: "big" is not a number of megapixels.'),
        (("--sizes", "0"), "--sizes 0 is no size of a frame."),
        (("--sizes", ","), "--sizes names no size."),
        (("--models", "mertens,dfgnett"), '--models has no "dfgnett".'),
        (("--repeats", "0"), "--repeats 0 measures nothing."),
        (("--network-size", "-1"), "--network-size -1 is no size of a frame."),
        (("--device", "tpu"), '--device has no "tpu" to measure.'),
        (("--frames", "none"), "--frames none is no folder."),
        (("--frames", "none", "--sizes", "2"), "--frames and --sizes contradict each other."),
        (("--frames", "none", "--scenes", "some"), "--frames and --scenes contradict each other."),
    ],
)
def test_what_goes_wrong_is_said(run: Run, arguments: tuple[str, ...], words: str) -> None:
    outcome = run("bench", *arguments)
    assert outcome.status == 2
    assert [line for line in outcome.err.splitlines() if line.startswith("Error:")] == [f"Error: {words}"]
    assert outcome.err.splitlines()[-1].startswith("Hint: ")


def test_a_plot_needs_its_library(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hdrcli.benchmarks.plot.find_spec", lambda name: None)
    outcome = run("bench", *TINY, "-o", "out")
    assert outcome.status == 2
    assert outcome.err.splitlines()[-1] == "Hint: Type pip install 'hdrcli[bench]'."


def test_the_one_that_measures_stays_small() -> None:
    modules = "hdrcli.benchmarks.command, hdrcli.benchmarks.tables, hdrcli.cli.bench"
    code = f"import sys, {modules}; print([name for name in ('torch', 'cv2', 'numpy') if name in sys.modules])"
    assert start(code).communicate()[0] == "[]\n"
    assert app.bench.bench.__doc__
