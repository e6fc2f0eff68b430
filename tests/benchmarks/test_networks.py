"""Rates, operations and stages: against what can be counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from hdrcli.benchmarks import floor, machine, ours, precision, scaling, scene
from hdrcli.benchmarks.frames import Frames
from hdrcli.benchmarks.networks import Case


@pytest.fixture
def bracket(tmp_path: Path) -> Path:
    scene.write(tmp_path / "drawn", 64, 48, (-2, 0, 2))
    return tmp_path / "drawn"


def test_the_rate_is_that_of_the_operations_of_a_convolution(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.operations(3, 5) == 2 * (3 * 3 * 3) * 3 * 25  # for each of 3 x 25 results, 27 products and sums
    monkeypatch.setattr(machine, "WORK", {"cpu": (256,)})
    monkeypatch.setattr(machine, "_seconds", lambda dtype, channels, side, device: 0.5 if channels == 64 else 1.0)
    assert machine.rates(seconds=1e9) == [
        {"precision": one, "rate": 2 * 18 * 256**2, "channels": 64, "side": 4} for one in ("bf16", "fp32")
    ]


def test_a_convolution_takes_time() -> None:
    assert machine._seconds(torch.float32, 8, 16, torch.device("cpu")) > 0


def test_operations_of_lightfuse_are_those_of_its_layers(bracket: Path) -> None:
    pixels = (64 + 16) * (48 + 16)
    detail = 6 * 256 + 256 * 64 + 64 * 3
    overall = 9 * 6 * (1 / 4 + 1 / 16 + 1 / 64) + 6 * 3 / 64
    assert Case("lightfuse", bracket, "cpu").operations() == 2 * pixels * (detail + overall)


@pytest.mark.parametrize("model", ["dfgnet", "dpg", "lightfuse"])  # with conditions, of several maps, with neither
def test_run_whole_it_is_the_same_network(model: str, bracket: Path) -> None:
    case = Case(model, bracket, "cpu")
    parts = case.input if isinstance(case.input, tuple) else (case.input,)
    assert all(part.is_contiguous() for part in parts)
    with torch.inference_mode():
        made = case.plain(case.input, case.tensors, None)[0].numpy()
    ours_ = case.by_hdrcli("fp32", 32)
    np.testing.assert_allclose(made[:, : ours_.shape[1], : ours_.shape[2]], ours_, atol=1e-4)


def test_the_floor_and_the_share_of_it() -> None:
    network = {"model": "net", "operations_per_pixel": 1e6, "microseconds": {"bf16": {"median": 4.0}}}
    rates = {"bf16": 5e11}  # a million operations take 2 microseconds
    assert floor.microseconds(network, rates) == {"bf16": 2.0}
    assert floor.share(network, rates) == {"bf16": 0.5}
    row = {"model": "net", "megapixels": 24.0, "stages": {"network": {"median": 64.0}}}
    assert floor.share_of_whole(row, [network], rates) == pytest.approx(0.75)
    assert floor.share_of_whole({**row, "model": "mertens"}, [network], rates) is None


def test_stages_from_the_marks_of_progress() -> None:
    told = ["reading", "aligning", "fusing", "fusing", "fusing", "writing", "done"]
    marks = [(float(2**at), stage, 0.0) for at, stage in enumerate(told)]
    classical = {"reading": 1, "aligning": 2, "fusing": 4 + 8 + 16, "writing": 32}
    assert ours.stages(marks, is_network=False) == classical
    network = {"reading": 1, "aligning": 2, "network": 4 + 8, "merging": 16, "writing": 32}
    assert ours.stages(marks, is_network=True) == network
    assert ours.with_rest(network, 70.0) == {"starting": 7.0, **network}


def test_levels_between_precisions(bracket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = precision.compared("lightfuse", bracket, "cpu")
    assert 0 <= told["mean"] <= told["largest"] <= 2
    levels = iter([np.array([[[10, 10, 10]]]), np.array([[[10, 11, 7]]])])
    monkeypatch.setattr(precision, "_picture", lambda *given: next(levels))
    told = precision.compared("lightfuse", bracket, "cpu")
    assert (told["largest"], told["mean"], told["above_one"]) == (3, pytest.approx(4 / 3), pytest.approx(1 / 3))


def test_the_first_bracket_of_a_process_is_not_counted(
    bracket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fuse(task: str, name: str, **given: object) -> tuple[object, object]:
        assert all(Path(one, "times.txt").is_file() for one in given["brackets"])  # type: ignore[attr-defined]
        return [{"network": 9.0}, {"network": 1.0}, {"network": 3.0}], type("Used", (), {"memory": 7})

    monkeypatch.setattr(scaling.processes, "call", fuse)
    row = scaling.warm("dfgnet", Frames(bracket, ("1.jpg",), (1.0,), 64, 48), tmp_path, 2, "cuda")
    assert row["stages"]["network"]["runs"] == [1.0, 3.0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawn"]
