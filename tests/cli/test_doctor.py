"""`hdrcli doctor`: one screen, or JSON; the exit status says whether all works."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from hdrcli import checkup, plugins
from hdrcli.checkup.outcome import Outcome
from tests.cli.conftest import Run

SOME = [
    Outcome("packages", "hdrcli", "ok", "1.0"),
    Outcome("packages", "extra keras", "note", "without h5py"),
    Outcome("reading", "png", "ok", ".png"),
    Outcome("reading", "raw", "failed", "LibRaw is gone.", "Type pip install rawpy."),
]


@pytest.fixture
def some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "check_all", lambda: iter(SOME))


def test_all_works_where_tests_run(run: Run) -> None:
    outcome = run("doctor", "--json")
    told = {(one["area"], one["name"]): one for one in outcome.json["outcomes"]}
    assert [one for one in told.values() if one["state"] == "failed"] == []
    assert (outcome.status, outcome.json["ok"], outcome.err) == (0, True, "")
    areas = {area for area, _ in told}
    assert areas == set(checkup.AREAS)
    assert {name for area, name in told if area == "reading"} == {"decoders", *plugins.names("readers")}
    assert {name for area, name in told if area == "writing"} == set(plugins.names("writers"))
    assert {name.split()[0] for area, name in told if area == "networks"} == {"weights", *plugins.names("networks")}
    assert {"cpu", "mps"} <= {name for area, name in told if area == "devices"}
    assert {"mertens", "debevec"} <= {name for area, name in told if area == "fusing"}
    assert "~" in outcome.json["left_out"]


@pytest.mark.usefixtures("some")
def test_a_screen_of_80_columns_in_signs_and_words(run: Run) -> None:
    outcome = run("doctor")
    assert outcome.status == 1
    assert outcome.out.splitlines()[1:5] != []
    assert max(map(cell_len, outcome.out.splitlines())) <= 80
    lines = [line.split(maxsplit=3) for line in outcome.out.splitlines()]
    assert ["packages", "✓", "ok", "hdrcli 1.0"] in [[word.strip() for word in line] for line in lines]
    assert ["packages", "–", "note", "extra keras without h5py"] in [[w.strip() for w in line] for line in lines]
    assert ["reading", "✗", "failed", "raw LibRaw is gone."] in [[word.strip() for word in line] for line in lines]
    assert outcome.err.splitlines() == [
        "Error: reading, raw: LibRaw is gone.",
        "Hint: Type pip install rawpy.",
        "1 of 5 checks failed.",
    ]


@pytest.mark.usefixtures("some")
def test_json_for_reports(run: Run) -> None:
    outcome = run("doctor", "--json")
    assert outcome.status == 1
    assert outcome.json["ok"] is False
    assert outcome.json["outcomes"][3] == {
        "area": "reading",
        "name": "raw",
        "state": "failed",
        "words": "LibRaw is gone.",
        "hint": "Type pip install rawpy.",
    }


@pytest.mark.usefixtures("some")
def test_configuration_in_force(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "check_all", lambda: iter(SOME[:1]))
    assert run("doctor", "--json").json["outcomes"][1]["words"] == "none"
    (tmp_path / "hdrcli.toml").write_text('[fuse]\nmodel = "mertens"\ntile = 256\n')
    assert run("doctor", "--json").json["outcomes"][1]["words"] == "hdrcli.toml: [fuse] model, tile"
    (tmp_path / "hdrcli.toml").write_text("[fuse]\nmodell = 3\n")
    outcome = run("doctor")
    assert outcome.status == 1
    assert outcome.err.splitlines()[:2] == [
        'Error: variables, hdrcli.toml: hdrcli.toml: [fuse] has no "modell".',
        outcome.err.splitlines()[1],
    ]
    assert "model" in outcome.err.splitlines()[1]
