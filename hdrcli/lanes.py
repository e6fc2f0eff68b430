"""Tiles side by side on a CPU: two tiles with a core each are done sooner than one after the other with both.

A layer of few operations does not pay for being shared out among threads, and much between the layers is not shared at
all: one tile at a time, two cores were 1.3 times as fast as one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import torch

Item = TypeVar("Item")
Made = TypeVar("Made")

MOST = 4
"""Tiles in work at once. Each takes its memory, so that more would have to be smaller ones, with more halo."""


_most: ContextVar[int] = ContextVar("most", default=MOST)


def count(device: torch.device) -> int:
    """How many tiles are in work at once on a device; PyTorch's threads are shared out among them."""
    return min(_most.get(), torch.get_num_threads()) if device.type == "cpu" else 1


@contextmanager
def at_most(number: int) -> Iterator[None]:
    """No more tiles than so many at once, meanwhile and in this thread: where memory is short."""
    before = _most.set(number)
    try:
        yield
    finally:
        _most.reset(before)


def each(function: Callable[[Item], Made], items: Sequence[Item], device: torch.device) -> Iterator[Made]:
    """`function` of each item, in their order; autocast and inference mode are to it as they are to the caller."""
    lanes = min(count(device), len(items))
    if lanes < 2:
        yield from map(function, items)
        return
    precision, lowered = torch.get_autocast_dtype("cpu"), torch.is_autocast_enabled("cpu")
    inference = torch.is_inference_mode_enabled()

    def alike(item: Item) -> Made:
        with torch.inference_mode(inference), torch.autocast("cpu", dtype=precision, enabled=lowered):
            return function(item)

    threads = torch.get_num_threads()
    ahead: deque[Future[Made]] = deque()
    pool = ThreadPoolExecutor(lanes, initializer=torch.set_num_threads, initargs=(threads // lanes,))
    try:
        for item in items:
            ahead.append(pool.submit(alike, item))
            if len(ahead) > lanes:  # results that wait take memory, too
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)  # what threads that begin from now on have
