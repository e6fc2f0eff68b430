"""What threads share that compute: devices, the networks on them, and how PyTorch computes, set for all at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import chain
from typing import Any, TypeVar

import torch
from torch import nn

Module = TypeVar("Module", bound=nn.Module)

_lock = threading.RLock()
_changed = threading.Condition(_lock)
_taken: set[str] = set()
_computing: list[torch.device] = []
_allowed: list[Any] = []


@contextmanager
def taken(devices: Sequence[str]) -> Iterator[str]:
    """One of the devices, the first that is free: a CUDA device is for one network at a time.

    Two would share its memory, and neither be done sooner. A CPU takes as many as come.
    """
    if not all(name.startswith("cuda") for name in devices):
        yield devices[0]
        return
    with _changed:
        while all(name in _taken for name in devices):
            _changed.wait()
        mine = next(name for name in devices if name not in _taken)
        _taken.add(mine)
    try:
        yield mine
    finally:
        with _changed:
            _taken.remove(mine)
            _changed.notify_all()


@contextmanager
def computing(device: torch.device) -> Iterator[None]:
    """What is computed meanwhile is on this device, and on CUDA without TF32, in any thread.

    By default cuDNN may round the factors of fp32 convolutions to 10 bits (TF32). That is a switch of the whole
    process, so the first to compute turns it off and the last restores what the program had set. A program that goes by
    PyTorch's newer `fp32_precision` must not be mixed with it: PyTorch raises RuntimeError.
    """
    if device.type != "cuda":
        yield
        return
    with _lock:
        if not _computing:
            _allowed.extend(one for one in (torch.backends.cudnn, torch.backends.cuda.matmul) if one.allow_tf32)
            for switch in _allowed:
                switch.allow_tf32 = False
        _computing.append(device)
    try:
        with torch.cuda.device(device) if torch.cuda.is_available() else nullcontext():
            yield
    finally:
        with _lock:
            _computing.remove(device)
            while _allowed and not _computing:
                _allowed.pop().allow_tf32 = True


def placed(module: Module, device: torch.device) -> Module:
    """The module on the device, channels last, for inference; one that is so already is not touched.

    PyTorch sets all parameters anew even then, while another thread may be reading them.
    """
    layout = torch.channels_last
    with _lock:
        tensors = chain(module.parameters(), module.buffers())
        settled = all(
            one.device == device and (one.dim() != 4 or one.is_contiguous(memory_format=layout)) for one in tensors
        )
        if module.training or not settled:
            module.to(device).to(memory_format=layout).eval()  # type: ignore[call-overload]
    return module
