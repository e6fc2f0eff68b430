"""`hdrcli models`, `weights` and `train`: what there is, whether it is whole, and how a run is started."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from hdrcli import plugins, records, weights
from hdrcli.errors import ReadError
from hdrcli.networks import dfgnet
from hdrcli.training import command
from hdrcli.training.loop import Report
from tests.cli.conftest import Run, files
from tests.scenes import a_record


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder whose one file is the default of dfgnet."""
    folder = tmp_path / "weights"
    folder.mkdir()
    file = folder / "dfgnet_cc.safetensors"
    file.write_bytes(b"numbers")
    record = a_record(weights.digest(file), scores={"PSNR-mu": 41.25})
    file.with_suffix(".json").write_text(json.dumps(record))
    monkeypatch.setattr(records, "folder", lambda: folder)
    return folder


def test_all_models_are_listed(run: Run, shipped: Path) -> None:
    out = run("models").out
    for name in (*plugins.names("networks"), *plugins.names("classical")):
        assert any(line.startswith(f"{name} ") for line in out.splitlines()), name
    assert "scene-referred" in out
    assert "dfgnet cc (default)" in out
    assert "CC0-1.0" in out
    assert "48 panoramas" in out
    assert "PSNR-mu 41.25" in out


def test_long_tells_the_sources(run: Run) -> None:
    assert "Mertens, Kautz & Van Reeth" in run("models", "--long").out


def test_models_as_json(run: Run, shipped: Path) -> None:
    models = {model["name"]: model for model in run("models", "--json").json["models"]}
    assert models["mertens"]["kind"] == "classical"
    assert models["mertens"]["parameters"] is None
    assert models["dfgnet"]["parameters"] > 1e6
    assert models["dfgnet"]["needs_times"] is True
    assert models["dfgnet"]["weights"][0]["scores"] == {"PSNR-mu": 41.25}


def test_weights_are_verified(run: Run, shipped: Path) -> None:
    good = run("weights", "verify", "--json")
    assert good.status == 0
    assert [row["status"] for row in good.json["weights"]] == ["good"]
    (shipped / "dfgnet_cc.safetensors").write_bytes(b"nambers")
    damaged = run("weights", "verify")
    assert damaged.status == 1
    assert "damaged" in damaged.out
    assert damaged.err.startswith(f"Error: {shipped / 'dfgnet_cc.safetensors'} is damaged.\nHint: ")
    (shipped / "dfgnet_cc.safetensors").unlink()
    assert "is missing." in run("weights", "verify").err


def test_weights_list(run: Run, shipped: Path) -> None:
    assert "CC0-1.0" in run("weights", "list").out
    assert run("weights", "list", "--json").json["weights"][0]["tag"] == "cc"


def test_the_weights_that_ship_are_whole(run: Run) -> None:
    outcome = run("weights", "verify")
    assert outcome.status == 0, outcome.err


def test_train_passes_its_options_on(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def train(model: str, data: list[Path], *, report: object, **options: object) -> Path:
        seen.update(options, model=model, data=data)
        report(Report(step=500, loss=0.0123, scores={"psnr_mu": 38.2, "psnr_l": 40.1}))  # type: ignore[operator]
        return Path("runs/dfgnet/dfgnet.safetensors")

    monkeypatch.setattr(command, "train", train)
    outcome = run("train", "dfgnet", "a", "b", "--validation", "c", "--validation", "d", "--steps", "9", "--seed", "-1")
    assert outcome.status == 0
    assert outcome.out == "runs/dfgnet/dfgnet.safetensors\n"
    assert outcome.err == "step 500  loss 0.0123  held out: psnr_mu 38.200, psnr_l 40.100\n"
    assert seen == {
        "model": "dfgnet",
        "data": [Path("a"), Path("b")],
        "validation": [Path("c"), Path("d")],
        "run": Path("runs/dfgnet"),
        "steps": 9,
        "batch": None,
        "seed": -1,
        "device": "auto",
        "threads": None,
        "rate": None,
        "start": None,
    }
    assert os.environ["OMP_WAIT_POLICY"]
    assert os.environ["GOMP_SPINCOUNT"]


def test_an_error_in_training_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(*_: object, **__: object) -> Path:
        raise ReadError("a/x.exr is damaged.", "Remove it.")

    monkeypatch.setattr(command, "train", train)
    outcome = run("train", "dfgnet", "a")
    assert (outcome.status, outcome.err) == (1, "Error: a/x.exr is damaged.\nHint: Remove it.\n")


def test_json_is_never_nan(run: Run) -> None:
    json.loads(run("models", "--json").out, parse_constant=pytest.fail)


def test_authors_checkpoints_are_imported(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"features": 4, "vector": 8}
    state = {name: value.detach() for name, value in dfgnet.DFGNet(**small).state_dict().items()}
    torch.save(state, tmp_path / "theirs.pth")
    record = dfgnet.NETWORK
    ours = type(record)(**{**vars(record), "from_authors": lambda states: (small, states[0])})
    monkeypatch.setattr(dfgnet, "NETWORK", ours)
    made = run("weights", "import", "dfgnet", "theirs.pth")
    assert (made.status, made.out) == (0, "dfgnet_authors.safetensors\n"), made.err
    assert weights.load("dfgnet", ours, "dfgnet_authors.safetensors").label == "dfgnet_authors.safetensors"
    again = run("weights", "import", "dfgnet", "theirs.pth")
    assert (again.status, again.err.splitlines()[0]) == (1, "Error: dfgnet_authors.safetensors exists.")


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (["dfgnet", "no.pth"], 1, "Error: no.pth cannot be read: No such file"),
        (["dfgnet", "text.pth"], 1, "Error: text.pth is no checkpoint"),
        (["mertens", "text.pth"], 2, 'Error: There is no network "mertens".'),
        (["dfgnet"], 2, "Error: hdrcli weights import is missing its CHECKPOINT."),
    ],
)
def test_what_cannot_be_imported(run: Run, tmp_path: Path, arguments: list[str], status: int, error: str) -> None:
    (tmp_path / "text.pth").write_text("no tensors here")
    outcome = run("weights", "import", *arguments)
    assert outcome.status == status
    assert outcome.err.startswith(error)
    assert files(tmp_path) == ["text.pth"]
