"""Tiles side by side: the same results in the same order, computed as the caller computes."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from hdrcli import lanes

CPU = torch.device("cpu")


@pytest.fixture
def four_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("four_threads")
def test_results_come_in_order_from_threads_that_share_the_processors() -> None:
    seen: set[tuple[str, int]] = set()
    all_there = threading.Barrier(4, timeout=20)  # broken, and so an error, unless four are in work at once

    def work(item: int) -> int:
        if item < 4:
            all_there.wait()
        seen.add((threading.current_thread().name, torch.get_num_threads()))
        return item * item

    assert list(lanes.each(work, range(9), CPU)) == [item * item for item in range(9)]
    assert {threads for _, threads in seen} == {1}
    assert threading.current_thread().name not in {name for name, _ in seen}
    assert torch.get_num_threads() == 4


@pytest.mark.usefixtures("four_threads")
@pytest.mark.parametrize("lowered", [False, True])
def test_autocast_and_inference_mode_are_the_callers(lowered: bool) -> None:
    def work(item: int) -> tuple[torch.dtype, bool]:
        return (torch.ones(4, 4) @ torch.ones(4, 4)).dtype, torch.is_inference_mode_enabled()

    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=lowered):
        found = set(lanes.each(work, range(5), CPU))
    assert found == {(torch.bfloat16 if lowered else torch.float32, True)}


@pytest.mark.usefixtures("four_threads")
def test_an_error_ends_the_others() -> None:
    begun = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 1:
            raise ValueError("tile 1")
        return item

    with pytest.raises(ValueError, match="tile 1"):
        list(lanes.each(work, range(1000), CPU))
    assert len(begun) < 20
    assert torch.get_num_threads() == 4


@pytest.mark.usefixtures("four_threads")
def test_one_tile_and_one_device_need_no_threads() -> None:
    here = threading.current_thread().name
    assert list(lanes.each(lambda item: threading.current_thread().name, [1], CPU)) == [here]
    assert lanes.count(torch.device("cuda")) == 1
    assert lanes.count(CPU) == 4
