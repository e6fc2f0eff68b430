"""How many brackets are in work, on which devices, and with how many threads; GPUs are played by the CPU."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import hdrcli
from hdrcli import inference, memory, overlapping, parallel, tiling, weights
from hdrcli.errors import UsageError
from hdrcli.image import FrameHeader
from hdrcli.networks.dfgnet import NETWORK, DFGNet
from hdrcli.plan import Plan
from hdrcli.settings import FuseSettings
from hdrcli.weights import LoadedNetwork
from tests import formula, scenes
from tests.test_pipeline import SMALL, TIMES, read_exr

TWO = "cuda:0,cuda:1"


def plan(model: str, width: int = 6000, height: int = 4000) -> Plan:
    frames = tuple(FrameHeader(Path(f"{number}.jpg"), width, height) for number in range(3))
    return Plan("hall", frames, model, (Path("hall.png"),))


@pytest.mark.parametrize(
    ("options", "model", "gigabytes", "count"),
    [
        ({"device": "cuda:0"}, "dfgnet", 64, 3),
        ({"device": TWO}, "dfgnet", 64, 6),
        ({"device": TWO}, "dfgnet", 8, 4),  # 24 MP x 38 B and 0.7 GB of PyTorch is 1.6 GB a bracket
        ({"device": TWO}, "dfgnet", 1, 2),
        ({"device": "cuda:0"}, "dfgnet", 3, 1),
        ({"device": TWO, "jobs": 4}, "dfgnet", 1, 8),  # as asked
        ({"device": TWO}, "mertens", 64, 1),
        ({"device": "cpu"}, "dfgnet", 64, 1),
        ({"device": "cpu", "jobs": 2}, "dfgnet", 64, 2),
    ],
)
def test_brackets_overlap_on_gpus_as_far_as_memory_goes(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, object], model: str, gigabytes: int, count: int
) -> None:
    monkeypatch.setattr(inference, "choose_device", torch.device)
    monkeypatch.setattr(memory, "available", lambda: gigabytes * 10**9)
    settings = FuseSettings(**options)  # type: ignore[arg-type]
    assert overlapping.at_once([plan(model, 600, 400), plan(model)], settings) == count


@pytest.mark.parametrize(
    ("text", "share"),
    [("150000 100000", 2), ("max 100000", 64), ("50000 100000", 1), ("9900000 100000", 64), (None, 64)],
)
def test_a_container_may_have_a_share_of_the_processors(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None, share: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(64)), raising=False)
    monkeypatch.setattr(parallel, "_QUOTA", tmp_path / "cpu.max")
    if text:
        (tmp_path / "cpu.max").write_text(f"{text}\n")
    assert parallel.cores() == share


def test_processors_are_shared_out_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cv2.getNumThreads(), torch.get_num_threads()
    monkeypatch.setattr(parallel, "cores", lambda: 8)
    try:
        cv2.setNumThreads(8)
        torch.set_num_threads(3)
        with overlapping.threads_shared(2), ThreadPoolExecutor(1) as pool:
            assert cv2.getNumThreads() == 4
            assert pool.submit(torch.get_num_threads).result() == 3  # as it was told before
        with overlapping.threads_shared(4), ThreadPoolExecutor(1) as pool:
            assert cv2.getNumThreads() == pool.submit(torch.get_num_threads).result() == 2
        with overlapping.threads_shared(100):
            assert cv2.getNumThreads() == torch.get_num_threads() == 1
        with pytest.raises(KeyboardInterrupt), overlapping.threads_shared(100):
            raise KeyboardInterrupt
        assert (cv2.getNumThreads(), torch.get_num_threads()) == (8, 3)
    finally:
        cv2.setNumThreads(before[0])
        torch.set_num_threads(before[1])


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two GPUs played by the CPU; the names of those that networks ran on, and a "!" where two ran on one."""
    ran: list[str] = []
    busy: set[str] = set()
    real, loaded = tiling.run, inference._loaded.__wrapped__

    def load(name: str, choice: str, prior: None, device: torch.device) -> LoadedNetwork:
        return loaded(name, choice, prior, torch.device("cpu"))

    def run(*arguments: object, device: torch.device, **options: object) -> np.ndarray:
        assert threading.current_thread() is not threading.main_thread()
        ran.append("!" if str(device) in busy else str(device))
        busy.add(str(device))
        time.sleep(0.05)
        made = real(*arguments, device=torch.device("cpu"), **options)  # type: ignore[arg-type]
        busy.remove(str(device))
        return made

    monkeypatch.setattr(inference, "choose_device", torch.device)
    monkeypatch.setattr(inference, "_loaded", load)
    monkeypatch.setattr(tiling, "run", run)
    return ran


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    for number in range(5):
        folder = tmp_path / "shoot" / f"b{number}"
        scenes.write_bracket(folder, scenes.radiance(32, 40 + number), TIMES)
        (folder / "times.txt").write_text("0.25,1,4")
    module = DFGNet(**SMALL)
    formula.fill(module)
    weights.save(module, tmp_path / "small.safetensors", "dfgnet", SMALL, {})
    return tmp_path / "shoot"


def test_each_of_two_gpus_has_a_bracket_at_a_time_and_headers_say_which(
    shoot: Path, tmp_path: Path, gpus: list[str]
) -> None:
    (shoot / "b3" / "1.png").write_bytes(b"no picture")
    options = {"model": "dfgnet", "weights": str(tmp_path / "small.safetensors"), "tile": 32, "precision": "fp32"}
    options["static_merge"] = "off"
    stages: list[tuple[str, str]] = []
    report = hdrcli.fuse(
        shoot,
        device=TWO,
        output=tmp_path / "two",
        progress=lambda name, stage, share: stages.append((name, stage)),
        **options,
    )
    assert [one.status for one in report.brackets] == ["done", "done", "done", "failed", "done"]
    assert set(gpus) == {"cuda:0", "cuda:1"}
    plain = hdrcli.fuse(shoot, device="cuda:1", output=tmp_path / "one", overwrite=True, **options)
    assert [one.status for one in plain.brackets] == [one.status for one in report.brackets]
    said = set()
    for number in (0, 1, 2, 4):
        pixels, header = read_exr(tmp_path / "two" / f"b{number}.exr")
        same, there = read_exr(tmp_path / "one" / f"b{number}.exr")
        np.testing.assert_array_equal(pixels, same)
        assert there["hdrcli:device"] == "cuda:1"
        said.add(header["hdrcli:device"])
        own = [stage for name, stage in stages if name == f"b{number}"]
        assert list(dict.fromkeys(own)) == ["reading", "aligning", "fusing", "writing", "done"]
    assert said == {"cuda:0", "cuda:1"}
    assert "!" not in gpus


@pytest.mark.parametrize(
    ("device", "word"),
    [("cuda:0,cuda:0", "twice"), ("cuda,cuda:1", "has no"), ("cpu,cuda:1", "has no"), ("", "has no")],
)
def test_devices_that_cannot_be_meant(device: str, word: str) -> None:
    with pytest.raises(UsageError, match=word) as caught:
        FuseSettings(device=device)
    assert "cuda:0,cuda:1" in caught.value.hint


@pytest.mark.parametrize(("count", "missing"), [(0, "cuda:0"), (1, "cuda:1")])
def test_the_device_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, count: int, missing: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    monkeypatch.setattr(inference, "_loaded", lambda *arguments: None)
    with pytest.raises(UsageError, match=f"There is no {missing} "):
        inference.check("dfgnet", FuseSettings(device=TWO))


@pytest.mark.parametrize(
    ("capability", "precision"), [((7, 5), torch.float32), ((8, 0), torch.bfloat16), ((9, 0), torch.bfloat16)]
)
def test_cards_without_bfloat16_compute_in_full(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], precision: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert inference.choose_precision("auto", torch.device("cuda:0"), NETWORK) == precision


def test_what_half_floats_cannot_hold_is_an_error(shoot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def overflown(*arguments: object, **options: object) -> np.ndarray:
        return np.full((3, 32, 40), np.nan, np.float32)

    monkeypatch.setattr(tiling, "run", overflown)
    monkeypatch.setattr(inference, "choose_precision", lambda text, device, network: torch.float16)
    options = {"model": "dfgnet", "weights": str(tmp_path / "small.safetensors"), "output": tmp_path / "out"}
    (result,) = hdrcli.fuse(shoot / "b0", device="cpu", static_merge="off", **options).brackets
    assert result.error is not None
    assert "beyond the range of fp16" in result.error.message
    assert "bf16" in result.error.hint
