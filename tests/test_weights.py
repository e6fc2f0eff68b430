"""Weights: what is shipped is whole and documented, and what is damaged or foreign is refused by name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hdrcli import plugins, weights
from hdrcli.contracts import Network, Weights
from hdrcli.errors import WeightsError
from hdrcli.networks.dfgnet import NETWORK, DFGNet

SMALL = {"features": 4, "vector": 8}
ROWS = [
    (name, tag, row)
    for name in plugins.names("networks")
    for tag, row in plugins.load("networks", name).NETWORK.weights.items()
]


@pytest.mark.parametrize(("name", "tag", "row"), ROWS, ids=[f"{name}-{tag}" for name, tag, _ in ROWS])
def test_shipped_weights_load_and_say_where_they_come_from(name: str, tag: str, row: Weights) -> None:
    loaded = weights.load(name, plugins.load("networks", name).NETWORK, tag)
    assert loaded.sha256 == row.sha256
    assert row.licence
    assert row.trained_on
    card = (weights.folder() / row.card).read_text()
    for words in ("hdrcli train", "seed", "steps", row.sha256, "Licence", "PSNR"):
        assert words in card, f"the card of {name}/{tag} lacks {words}"


def test_every_network_has_its_default_weights() -> None:
    for name in plugins.names("networks"):
        network: Network = plugins.load("networks", name).NETWORK
        assert network.default_weights in network.weights


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Path, DFGNet]:
    module = DFGNet(**SMALL)
    file = tmp_path / "mine.safetensors"
    weights.save(module, file, "dfgnet", SMALL, {})
    return file, module


def test_saved_weights_come_back_in_half_precision(saved: tuple[Path, DFGNet]) -> None:
    file, module = saved
    loaded = weights.load("dfgnet", NETWORK, str(file))
    for (name, was), (_, now) in zip(module.state_dict().items(), loaded.module.state_dict().items(), strict=True):
        assert torch.equal(was.half().float(), now), name


def test_a_flipped_bit_in_shipped_weights_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = DFGNet(**SMALL)
    sha256 = weights.save(module, tmp_path / "w.safetensors", "dfgnet", SMALL, {})
    network = replace(NETWORK, weights={"cc": Weights("w.safetensors", sha256, "CC0", "", "w.md", SMALL)})
    monkeypatch.setattr(weights, "folder", lambda: tmp_path)
    weights.load("dfgnet", network, "cc")
    data = bytearray((tmp_path / "w.safetensors").read_bytes())
    data[-5] ^= 1
    (tmp_path / "w.safetensors").write_bytes(data)
    with pytest.raises(WeightsError, match="is damaged"):
        weights.load("dfgnet", network, "cc")


@pytest.mark.parametrize(("choice", "words"), [("nosuch", 'no weights "nosuch"'), ("no.safetensors", "is not there")])
def test_weights_that_are_not_there(choice: str, words: str) -> None:
    with pytest.raises(WeightsError, match=words):
        weights.load("dfgnet", NETWORK, choice)


def test_a_truncated_file_is_refused(saved: tuple[Path, DFGNet]) -> None:
    file, _ = saved
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(WeightsError, match=r"mine\.safetensors is not a whole safetensors file"):
        weights.load("dfgnet", NETWORK, str(file))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.safetensors"
    weights.save(torch.nn.Linear(2, 2), file, "lightfuse", {}, {})
    with pytest.raises(WeightsError, match="holds weights for lightfuse, not dfgnet"):
        weights.load("dfgnet", NETWORK, str(file))


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "shape.safetensors"
    weights.save(DFGNet(features=8, vector=8), file, "dfgnet", SMALL, {})
    with pytest.raises(WeightsError, match="does not fit dfgnet"):
        weights.load("dfgnet", NETWORK, str(file))


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    import os
    import pickle

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path}/sprung",)

    file = tmp_path / "evil.safetensors"
    file.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(WeightsError):
        weights.load("dfgnet", NETWORK, str(file))
    assert not (tmp_path / "sprung").exists()


def test_the_header_says_how_to_build(saved: tuple[Path, DFGNet]) -> None:
    from safetensors import safe_open

    with safe_open(saved[0], "pt") as opened:
        header = opened.metadata()
    assert header["network"] == "dfgnet"
    assert json.loads(header["settings"]) == SMALL


def test_the_authors_checkpoints_are_imported_in_any_order(tmp_path: Path) -> None:
    module = DFGNet(**SMALL)
    parts = ("spatial_encoder", "dfgnet", "exposure_encoder")
    for part in parts:
        state = {f"module.{name}": value for name, value in getattr(module, part).state_dict().items()}
        if part == "spatial_encoder":
            state["module.tailconv.weight"] = torch.zeros(3)  # of the layers that the fusion does not use
        torch.save(state, tmp_path / f"{part}.pth")
    target = tmp_path / "imported.safetensors"
    weights.import_authors("dfgnet", NETWORK, [tmp_path / f"{part}.pth" for part in parts], target)
    loaded = weights.load("dfgnet", NETWORK, str(target))
    for name, value in module.state_dict().items():
        assert torch.equal(loaded.module.state_dict()[name], value.half().float()), name


def test_a_checkpoint_that_runs_code_is_refused_and_not_run(tmp_path: Path) -> None:
    import os
    import pickle

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path}/sprung",)

    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Trap(), protocol=2))  # the one that PyTorch writes
    with pytest.raises(WeightsError, match=r"evil\.pth"):
        weights.import_authors("dfgnet", NETWORK, [tmp_path / "evil.pth"], tmp_path / "out.safetensors")
    assert not (tmp_path / "sprung").exists()
    assert not (tmp_path / "out.safetensors").exists()


def test_an_incomplete_set_of_checkpoints_is_refused(tmp_path: Path) -> None:
    torch.save(DFGNet(**SMALL).dfgnet.state_dict(), tmp_path / "one.pth")
    with pytest.raises(WeightsError, match="no whole dfgnet"):
        weights.import_authors("dfgnet", NETWORK, [tmp_path / "one.pth"], tmp_path / "out.safetensors")
