"""Devices that threads share: one network at a time, without TF32, and none is moved while it is in use."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from hdrcli import devices, tile_size
from hdrcli.tiling import TiledModule

CUDA = torch.device("cuda")
GIB = 2**30


def test_each_device_has_one_network_at_a_time() -> None:
    names, in_use, most = ("cuda:0", "cuda:1"), set(), 0
    lock = threading.Lock()

    def work(number: int) -> str:
        nonlocal most
        with devices.taken(names) as name:
            with lock:
                assert name not in in_use
                in_use.add(name)
                most = max(most, len(in_use))
            time.sleep(0.005)
            in_use.remove(name)
        return name

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(work, range(24))) == set(names)
    assert most == 2


def test_a_device_is_free_again_after_an_error() -> None:
    with pytest.raises(KeyboardInterrupt), devices.taken(["cuda:0"]):
        raise KeyboardInterrupt
    with devices.taken(["cuda:0"]) as name:
        assert name == "cuda:0"


def test_a_cpu_takes_as_many_as_come() -> None:
    with devices.taken(["cpu"]) as first, devices.taken(["cpu"]) as second:
        assert first == second == "cpu"


@pytest.mark.parametrize("allowed", [(True, False), (True, True), (False, False)])
def test_tf32_is_off_until_the_last_is_done_and_then_as_it_was(allowed: tuple[bool, bool]) -> None:
    switches = torch.backends.cudnn, torch.backends.cuda.matmul
    before = tuple(one.allow_tf32 for one in switches)
    assert before[0]  # PyTorch's default, which is what this is about
    try:
        for switch, value in zip(switches, allowed, strict=True):
            switch.allow_tf32 = value
        with devices.computing(torch.device("cpu")):
            assert tuple(one.allow_tf32 for one in switches) == allowed
        inside, done = threading.Event(), threading.Event()

        def other() -> None:
            with devices.computing(CUDA):
                inside.set()
                done.wait(60)

        thread = threading.Thread(target=other)
        with devices.computing(CUDA):
            thread.start()
            inside.wait(60)
        assert not any(one.allow_tf32 for one in switches)
        done.set()
        thread.join(60)
        assert tuple(one.allow_tf32 for one in switches) == allowed
        with pytest.raises(ValueError, match="x"), devices.computing(CUDA):
            raise ValueError("x")
        assert tuple(one.allow_tf32 for one in switches) == allowed
    finally:
        for switch, value in zip(switches, before, strict=True):
            switch.allow_tf32 = value


def test_a_placed_module_is_not_touched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    module = nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4))
    devices.placed(module, torch.device("cpu"))
    assert module[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert not module.training
    monkeypatch.setattr(nn.Module, "_apply", None)
    monkeypatch.setattr(nn.Module, "train", None)
    devices.placed(module, torch.device("cpu"))


class Plain(TiledModule):
    """A network that reaches `halo` pixels."""

    tile_multiple = 16

    def __init__(self, halo: int) -> None:
        super().__init__()
        self.halo = halo


@pytest.mark.parametrize(
    ("free", "bytes_per_pixel", "halo", "precision", "side"),
    [
        (139 * GIB, 4600, 24, torch.float32, 2048),  # (0.5 * 139 GiB / 4600 B)^0.5 - 48 = 3979 would fit
        (139 * GIB, 4600, 24, torch.bfloat16, 2048),
        (139 * GIB, 640, 512, torch.bfloat16, 4096),  # eight times the halo
        (8 * GIB, 4600, 24, torch.float32, 918),
        (8 * GIB, 4600, 24, torch.bfloat16, 1318),
        (1 * GIB, 4600, 24, torch.float32, 293),
        (0, 4600, 24, torch.float32, 32),
    ],
)
def test_tiles_on_cuda_are_what_pays_and_fits(
    monkeypatch: pytest.MonkeyPatch, free: int, bytes_per_pixel: int, halo: int, precision: torch.dtype, side: int
) -> None:
    monkeypatch.setattr(tile_size, "free_memory", lambda device: free)
    chosen = tile_size.choose_tile(Plain(halo), bytes_per_pixel, CUDA, precision)
    assert chosen == side
    with_halo = (chosen + 2 * halo) ** 2 * bytes_per_pixel * precision.itemsize / 4
    assert with_halo <= free / 2 or chosen == 32


def test_memory_that_pytorch_keeps_counts_as_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (2 * GIB, 8 * GIB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 5 * GIB)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 1 * GIB)
    assert tile_size.free_memory(CUDA) == 6 * GIB
