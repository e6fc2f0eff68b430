"""A picture's way to a CUDA device and back, on streams of their own beside the computation.

What a network sees of a frame is a curve of what its file stores. So the device is sent what is stored, a byte or two a
value and once for all passes over the picture, and looks the values up for each tile: windows made on the host would
be 36 bytes a pixel, made and sent again in each pass, and cost more time than the network. Rows are sent when a tile
first needs them, through pinned memory, while the device is at work on the tiles before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from hdrcli.image import Exposure
from hdrcli.planes import Curve, Planes

STRIP_BYTES = 1 << 23  # sent at one time: enough for the full rate, and little pinned memory
_STORED = {"uint8": torch.uint8, "uint16": torch.int16, "float32": torch.float32}  # CUDA has few operations on uint16

Place = TypeVar("Place")


class Held(Protocol):
    """A whole map on the device."""

    def tile(self, rows: slice, columns: slice) -> Tensor:
        """(1, C, h, w) float32, channels last; beyond the map its outermost pixels repeat."""


def held(maps: Sequence[Planes | np.ndarray], device: torch.device, room: float) -> tuple[Held, ...]:
    """The maps of a picture, held on a CUDA device if they take at most `room` bytes; else none.

    Planes that are made of more than frames are none either.
    """
    if device.type != "cuda" or any(isinstance(one, Planes) and not one.frames for one in maps):
        return ()
    if sum(map(_bytes, maps)) > room:
        return ()
    return tuple(HeldFrames(one, device) if isinstance(one, Planes) else HeldArray(one, device) for one in maps)


def _bytes(one: Planes | np.ndarray) -> int:
    return sum(exposure.stored.nbytes for exposure, _ in one.frames) if isinstance(one, Planes) else one.nbytes


class HeldArray:
    """A (C, H, W) float32 array on the device."""

    def __init__(self, array: np.ndarray, device: torch.device) -> None:
        self.values = torch.from_numpy(np.ascontiguousarray(array)).to(device)

    def tile(self, rows: slice, columns: slice) -> Tensor:
        """(1, C, h, w), channels last."""
        _, height, width = self.values.shape
        part = self.values.index_select(1, _places(rows, 0, height, self.values.device))
        part = part.index_select(2, _places(columns, 0, width, self.values.device))
        return part[None].contiguous(memory_format=torch.channels_last)


class HeldFrames:
    """The frames that planes are made of, on the device as they are stored."""

    def __init__(self, planes: Planes, device: torch.device) -> None:
        self.margin, self.device = planes.margin, device
        self.frames = [_Frame(exposure, curve, device) for exposure, curve in planes.frames]
        widest = max(frame.row_bytes for frame in self.frames)
        self.uploads = Uploads([frame.values for frame in self.frames], max(STRIP_BYTES, widest), device)

    def tile(self, rows: slice, columns: slice) -> Tensor:
        """(1, 3 N, h, w), channels last: what the planes are there."""
        height, width, _ = self.frames[0].values.shape
        for frame in self.frames:
            frame.send(min(max(rows.stop - self.margin, 1), height), self.uploads)
        self.uploads.await_sent()
        down, across = (
            _places(rows, self.margin, height, self.device),
            _places(columns, self.margin, width, self.device),
        )
        return torch.cat([frame.part(down, across) for frame in self.frames], 2).permute(2, 0, 1)[None]


class _Frame:
    """A frame's stored values (H, W, 3) on the device, of which the first `sent` rows are on their way."""

    def __init__(self, exposure: Exposure, curve: Curve | None, device: torch.device) -> None:
        self.exposure, self.curve, self.sent = exposure, curve, 0
        self.values = torch.empty(exposure.stored.shape, dtype=_STORED[exposure.stored.dtype.name], device=device)
        self.row_bytes = exposure.stored[0].nbytes
        self.table = None
        if exposure.table is not None:
            self.table = torch.from_numpy(np.ascontiguousarray(exposure.table, np.float32)).to(device)

    def send(self, rows: int, uploads: Uploads) -> None:
        """Have at least the first `rows` rows sent."""
        step = uploads.size // self.row_bytes
        while self.sent < rows:
            part = self.exposure.stored[self.sent : self.sent + step]
            part = self.curve(part) if self.curve else part  # as it is on the host: elsewhere, powers end otherwise
            uploads.send(part, self.values[self.sent : self.sent + step])
            self.sent += len(part)

    def part(self, down: Tensor, across: Tensor) -> Tensor:
        """(h, w, 3) float32: the values of some rows and columns."""
        stored = self.values.index_select(0, down).index_select(1, across)
        if self.table is None:
            return stored
        codes = stored.flatten().int()
        if stored.dtype == torch.int16:
            codes = codes.bitwise_and_(0xFFFF)
        codes = codes.clamp_(max=len(self.table) - 1)
        return self.table.index_select(0, codes).view(stored.shape)


class Uploads:
    """Sends arrays through two pinned buffers of `size` bytes: one is filled while the other is on its way."""

    def __init__(self, targets: list[Tensor], size: int, device: torch.device) -> None:
        self.size, self.device, self.turn = size, device, 0
        self.buffers = [_pinned((size,), torch.uint8) for _ in range(2)]
        self.free = [_event() for _ in range(2)]
        self.stream = _stream(device)
        self.stream.wait_stream(torch.cuda.current_stream(device))  # what the targets' memory was before is done with
        for target in targets:
            target.record_stream(self.stream)

    def send(self, array: np.ndarray, target: Tensor) -> None:
        """Send an array of at most `size` bytes to `target`, of its shape; it may be changed afterwards."""
        self.turn = 1 - self.turn
        self.free[self.turn].synchronize()
        bytes_sent = target.numel() * target.element_size()
        staged = self.buffers[self.turn][:bytes_sent].view(target.dtype).view(target.shape)
        np.copyto(staged.numpy(), array.view(np.int16) if target.dtype == torch.int16 else array)
        with torch.cuda.stream(self.stream):
            target.copy_(staged, non_blocking=True)
            self.free[self.turn].record(self.stream)

    def await_sent(self) -> None:
        """Let what is computed from now on wait until all that was sent is there; the host does not wait."""
        torch.cuda.current_stream(self.device).wait_stream(self.stream)


def fetched(parts: Iterable[tuple[Place, Tensor]], device: torch.device) -> Iterator[tuple[Place, np.ndarray]]:
    """Parts (C, h, w) of a picture as float32 in host memory; from a CUDA device each comes while the next is made.

    An array is to be used before the next one is asked for.
    """
    if device.type != "cuda":
        for place, part in parts:
            yield place, part.float().cpu().numpy()
        return
    stream = _stream(device)
    last: tuple[Place, Download] | None = None
    for place, part in parts:
        coming = Download(part, stream, device)
        if last:
            yield last[0], last[1].array()
        last = place, coming
    if last:
        yield last[0], last[1].array()


class Download:
    """A part (C, h, w) of a picture on its way to pinned memory."""

    def __init__(self, part: Tensor, stream: torch.cuda.Stream, device: torch.device) -> None:
        part = part.permute(1, 2, 0).float().contiguous()
        self.buffer = _pinned(tuple(part.shape), torch.float32)
        self.done = _event()
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            self.buffer.copy_(part, non_blocking=True)
            self.done.record(stream)
        part.record_stream(stream)

    def array(self) -> np.ndarray:
        """(C, h, w), once it is there."""
        self.done.synchronize()
        return self.buffer.numpy().transpose(2, 0, 1)


def _pinned(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Host memory that the device reaches by itself; PyTorch keeps it for the next one of its size."""
    return torch.empty(shape, dtype=dtype, pin_memory=True)


def _stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


def _event() -> torch.cuda.Event:
    return torch.cuda.Event()  # type: ignore[no-untyped-call]


def _places(places: slice, margin: int, side: int, device: torch.device) -> Tensor:
    """The pixels of a side that places on a map with `margin` more pixels at either end show."""
    return torch.arange(places.start - margin, places.stop - margin, device=device).clamp_(0, side - 1)
