"""Weights: what is shipped is whole and documented, and what is damaged or foreign is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from hdrcli import plugins, records, weights
from hdrcli.cli.cards import all_cards
from hdrcli.errors import WeightsError
from hdrcli.networks.dfgnet import NETWORK, DFGNet
from hdrcli.records import Weights
from tests.scenes import a_record

SMALL = {"features": 4, "vector": 8}
ROWS = [row for name in plugins.names("networks") for row in records.records(name).values()]


@pytest.mark.parametrize("row", ROWS, ids=[row.file.stem for row in ROWS])
def test_shipped_weights_load_and_say_where_they_come_from(row: Weights) -> None:
    loaded = weights.load(row.network, plugins.load("networks", row.network).NETWORK, row.tag)
    assert loaded.sha256 == row.sha256
    assert row.licence
    assert row.trained_on
    assert row.data
    assert row.tables, "scores beside the classical fusers'"
    assert all(one.command.startswith(f"hdrcli train {row.network} ") for one in row.training)
    assert row.training


def test_every_network_has_its_default_weights_and_every_file_its_record() -> None:
    for name in plugins.names("networks"):
        assert next(iter(records.records(name))) == records.DEFAULT_TAG
    files = {file.name for file in records.folder().iterdir()}
    assert files == {f"{row.file.stem}.{kind}" for row in ROWS for kind in ("json", "safetensors")} | {"README.md"}


def test_the_readme_of_the_weights_is_made_from_their_records() -> None:
    assert (records.folder() / "README.md").read_text(encoding="utf-8") == all_cards()


@pytest.mark.parametrize("content", ["{", "[]", '{"network": "dfgnet"}', '{"tag": 1, "unheard": 2}'])
def test_a_record_that_is_none_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "dfgnet_cc.json").write_text(content)
    with pytest.raises(WeightsError, match=r"dfgnet_cc\.json is not a record of weights"):
        records.read(tmp_path / "dfgnet_cc.json")


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
    sha256 = weights.save(module, tmp_path / "dfgnet_cc.safetensors", "dfgnet", SMALL, {})
    (tmp_path / "dfgnet_cc.json").write_text(json.dumps(a_record(sha256, settings=SMALL)))
    monkeypatch.setattr(records, "folder", lambda: tmp_path)
    weights.load("dfgnet", NETWORK, "cc")
    data = bytearray((tmp_path / "dfgnet_cc.safetensors").read_bytes())
    data[-5] ^= 1
    (tmp_path / "dfgnet_cc.safetensors").write_bytes(data)
    with pytest.raises(WeightsError, match="is damaged"):
        weights.load("dfgnet", NETWORK, "cc")


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
        header = json.loads(opened.metadata()["hdrcli"])
    assert header["network"] == "dfgnet"
    assert json.loads(header["settings"]) == SMALL


def test_equal_networks_make_equal_files(tmp_path: Path) -> None:
    """Of four entries of metadata, the library would choose one of 24 orders each time."""
    module, note = DFGNet(**SMALL), {"training": "{'steps': 2}", "start": "random"}
    digests = {
        weights.save(module, tmp_path / "mine.safetensors", "dfgnet", settings, note)
        for settings in (SMALL, dict(reversed(SMALL.items())))
        for _ in range(8)
    }
    assert len(digests) == 1


def test_files_with_several_entries_of_metadata_are_read(saved: tuple[Path, DFGNet], tmp_path: Path) -> None:
    """As they were written before 0.1.0."""
    from safetensors.torch import load_file, save_file

    old = tmp_path / "old.safetensors"
    save_file(load_file(saved[0]), old, {"network": "dfgnet", "settings": json.dumps(SMALL), "start": "random"})
    assert weights.load("dfgnet", NETWORK, str(old)).settings == SMALL
    save_file(load_file(saved[0]), old, {"network": "apnt", "settings": json.dumps(SMALL)})
    with pytest.raises(WeightsError, match="holds weights for apnt, not dfgnet"):
        weights.load("dfgnet", NETWORK, str(old))


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
