"""Weights: what is shipped is whole and documented, and what is damaged or foreign is refused by name."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from hdrcli import plugins, records, weights
from hdrcli.cli.cards import all_cards
from hdrcli.errors import HdrcliError, WeightsError
from hdrcli.networks.dfgnet import NETWORK, DFGNet
from hdrcli.records import Weights
from hdrcli.training.pack import read_tensors
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


@pytest.mark.parametrize(
    "content",
    [
        *("{", "[]", '{"network": "dfgnet"}', '{"tag": 1, "unheard": 2}', "[" * 100_000),
        *(json.dumps(a_record("00") | odd) for odd in ({"sha256": 1}, {"data": [1]}, {"scores": {"a": 10**400}})),
    ],
)
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


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def trapped(file: Path, form: str, trap: Trap) -> Path:
    """A file of a trap: a bare pickle, PyTorch's ZIP, its older form, NumPy's archive, Keras' HDF5."""
    if form == "pickle":
        file.write_bytes(pickle.dumps(trap, protocol=2))  # the one that PyTorch writes
    elif form == "npz":
        with file.open("wb") as stream:
            np.savez(stream, weight=np.array([trap], dtype=object))
    elif form == "h5":
        with h5py.File(file, "w") as opened:
            opened.attrs["layer_names"] = ["one"]
            opened.attrs["model_config"] = np.void(pickle.dumps(trap))
            opened.create_group("one").attrs["weight_names"] = ["kernel:0"]
            opened["one/kernel:0"] = np.void(pickle.dumps(trap))
    else:
        torch.save({"weight": trap}, file, _use_new_zipfile_serialization=form == "zip")
    return file


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".h5", ".npz", ""])
@pytest.mark.parametrize("form", ["pickle", "zip", "old", "npz", "h5"])
def test_code_in_a_file_is_never_run(form: str, suffix: str, tmp_path: Path) -> None:
    file = trapped(tmp_path / f"evil{suffix}", form, Trap(tmp_path / "sprung"))
    for use in (
        lambda: weights.load("dfgnet", NETWORK, str(file)),
        lambda: weights.import_authors("dfgnet", NETWORK, [file], tmp_path / "out.safetensors"),
        lambda: read_tensors(file, torch.device("cpu")),
    ):
        with pytest.raises(HdrcliError, match="evil"):
            use()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_the_trap_works(tmp_path: Path) -> None:
    torch.load(trapped(tmp_path / "evil.pth", "zip", Trap(tmp_path / "sprung")), weights_only=False)
    assert (tmp_path / "sprung").is_dir()


def crafted(file: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A file whose header has been changed."""
    content = file.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    change(header)
    head = json.dumps(header).encode()
    file.write_bytes(len(head).to_bytes(8, "little") + head + content[end:])
    return file


def settings_of(settings: Any) -> Callable[[dict[str, Any]], object]:
    return lambda header: header.update(__metadata__={"network": "dfgnet", "settings": json.dumps(settings)})


def metadata_of(text: str) -> Callable[[dict[str, Any]], object]:
    return lambda header: header.update(__metadata__={"hdrcli": text})


def tensor_of(**said: Any) -> Callable[[dict[str, Any]], object]:
    return lambda header: next(one for name, one in header.items() if name != "__metadata__").update(said)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (tensor_of(shape=[1 << 40, 1 << 20]), "is not a whole safetensors file"),
        (tensor_of(data_offsets=[0, 1 << 62]), "is not a whole safetensors file"),
        (tensor_of(data_offsets=[2, 4]), "is not a whole safetensors file"),
        (tensor_of(dtype="X99"), "is not a whole safetensors file"),
        (tensor_of(dtype="I16"), "holds no finite numbers in"),
        (settings_of({"features": 10**12}), "has the impossible setting features"),
        (settings_of({"features": float("nan")}), "has the impossible setting features"),
        (settings_of({"features": 1024, "vector": 1024}), "does not fit dfgnet: "),
        (settings_of({"features": "many"}), "does not fit dfgnet: "),
        (settings_of({"unheard": 1}), "does not fit dfgnet: "),
        (settings_of([1]), "has a header that is none of hdrcli's"),
        (settings_of(None), "has a header that is none of hdrcli's"),
        (metadata_of("[]"), "has a header that is none of hdrcli's"),
        (metadata_of('{"settings": 3}'), "has a header that is none of hdrcli's"),
        (metadata_of("[" * 100_000), "has a header that is none of hdrcli's"),
        (metadata_of("{"), "is not a whole safetensors file"),
        (metadata_of('{"network": 3}'), "holds weights for 3, not dfgnet"),
        (lambda header: header.popitem(), "is not a whole safetensors file"),
    ],
)
def test_a_crafted_header_is_refused_by_name(
    saved: tuple[Path, DFGNet], change: Callable[[dict[str, Any]], object], words: str
) -> None:
    file = crafted(saved[0], change)
    with pytest.raises(WeightsError, match=rf"mine\.safetensors {words}") as caught:
        weights.load("dfgnet", NETWORK, str(file))
    assert caught.value.hint


@pytest.mark.parametrize("lost", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(saved: tuple[Path, DFGNet], lost: float) -> None:
    file, module = saved
    next(module.parameters()).data.view(-1)[3] = lost
    weights.save(module, file, "dfgnet", SMALL, {})
    with pytest.raises(WeightsError, match=r"mine\.safetensors holds no finite numbers in"):
        weights.load("dfgnet", NETWORK, str(file))


def test_authors_numbers_beyond_half_precision_are_refused(tmp_path: Path) -> None:
    module = DFGNet(**SMALL)
    next(module.parameters()).data.view(-1)[3] = 1e6
    for part in ("spatial_encoder", "dfgnet", "exposure_encoder"):
        state = {f"module.{name}": value for name, value in getattr(module, part).state_dict().items()}
        torch.save(state, tmp_path / f"{part}.pth")
    with pytest.raises(WeightsError, match="not finite in half precision"):
        weights.import_authors("dfgnet", NETWORK, sorted(tmp_path.glob("*.pth")), tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


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


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "one.pth")
    with pytest.raises(WeightsError, match=r"one\.pth is no file"):
        weights.import_authors("dfgnet", NETWORK, [tmp_path / "one.pth"], tmp_path / "out.safetensors")


def test_an_incomplete_set_of_checkpoints_is_refused(tmp_path: Path) -> None:
    torch.save(DFGNet(**SMALL).dfgnet.state_dict(), tmp_path / "one.pth")
    with pytest.raises(WeightsError, match="no whole dfgnet"):
        weights.import_authors("dfgnet", NETWORK, [tmp_path / "one.pth"], tmp_path / "out.safetensors")
