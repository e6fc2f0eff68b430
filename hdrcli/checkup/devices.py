"""Processors that networks run on: each is given a tiny convolution, and its result compared."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hdrcli import parallel
from hdrcli.checkup.outcome import Check, Note
from hdrcli.errors import HdrcliError

if TYPE_CHECKING:
    import torch

AREA = "devices"
CURE = "Type pip install --force-reinstall torch, or pass --device cpu where it is a GPU that fails."

_TOLERANCES = {"float32": 1e-4, "bfloat16": 0.05}


def checks() -> Iterator[tuple[str, Check]]:
    """The CPU, each CUDA device, and Apple's."""
    yield "cpu", _cpu
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for number in range(count):
        yield f"cuda:{number}", partial(_cuda, number)
    if not count:
        yield "cuda", _no_cuda
    yield "mps", _mps


def _cpu() -> str:
    import torch

    from hdrcli import inference

    _convolution(torch.device("cpu"), torch.float32)
    _convolution(torch.device("cpu"), torch.bfloat16)
    fast = "with" if inference.has_fast_bf16(torch.device("cpu")) else "without"
    return f"{parallel.cores()} cores, {torch.get_num_threads()} threads of PyTorch, {fast} instructions for bf16"


def _cuda(number: int) -> str:
    import torch

    from hdrcli import devices, inference

    device = torch.device("cuda", number)
    with devices.computing(device):
        _convolution(device, torch.float32)
        _convolution(device, torch.bfloat16)
    free, total = torch.cuda.mem_get_info(device)
    fast = "with" if inference.has_fast_bf16(device) else "without"
    name = torch.cuda.get_device_name(device)
    return f"{name}, {free / 1e9:.1f} of {total / 1e9:.1f} GB free, {fast} instructions for bf16"


def _no_cuda() -> str:
    import torch

    raise Note("no device" if torch.version.cuda else "this PyTorch is built without it")


def _mps() -> str:
    import torch

    here = "is here, but" if torch.backends.mps.is_available() else "is not here, and"
    raise Note(f"Apple's Metal {here} hdrcli is not tested on it")


def _convolution(device: torch.device, dtype: torch.dtype) -> None:
    """Raises HdrcliError unless a 3x3 convolution is what NumPy makes of it."""
    import torch

    rng = np.random.default_rng(7)
    image, kernels = rng.random((3, 18, 18), np.float32), rng.random((4, 3, 3, 3), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3), axis=(1, 2))
    wanted = np.einsum("chwij,ocij->ohw", windows.astype(np.float64), kernels.astype(np.float64))
    with torch.inference_mode():
        given, weights = (torch.from_numpy(one).to(device, dtype) for one in (image[None], kernels))
        found = torch.nn.functional.conv2d(given, weights)[0].float().cpu().numpy()
    off, name = float(np.abs(found / wanted - 1).max()), str(dtype).removeprefix("torch.")
    if not off <= _TOLERANCES[name]:
        raise HdrcliError(f"A convolution in {name} on {device} is off by up to {100 * off:.2g} %.")
