"""Transfers against the arrays that they carry, on streams that put every copy off until something waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from hdrcli import lanes, plugins, tiling, transfers
from hdrcli.image import Bracket, Exposure
from hdrcli.planes import Planes, bordered, of_frames, repeated
from hdrcli.tiling import Window
from tests import formula

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


class Stream:
    """Copies in their order; `current` computes at once, so that what it waits for is to be done."""

    current: Stream
    made: list[Stream]

    def __init__(self, device: object = None) -> None:
        self.ahead: list[Callable[[], object]] = []
        self.waits = 0
        Stream.made.append(self)

    def drain(self, count: int | None = None) -> None:
        for _ in range(len(self.ahead) if count is None else count):
            self.ahead.pop(0)()

    def wait_stream(self, other: Stream) -> None:
        self.waits += 1
        other.drain()


class Event:
    def __init__(self) -> None:
        self.stream: Stream | None = None
        self.passed = True

    def record(self, stream: Stream) -> None:
        self.stream, self.passed = stream, False
        stream.ahead.append(partial(setattr, self, "passed", True))

    def synchronize(self) -> None:
        while not self.passed:
            assert self.stream is not None
            self.stream.drain(1)


@pytest.fixture(autouse=True)
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device, in host memory, that copies as late as it may."""
    copy = Tensor.copy_

    @contextmanager
    def on(stream: Stream) -> Iterator[None]:
        before, Stream.current = Stream.current, stream
        yield
        Stream.current = before

    def copied(target: Tensor, source: Tensor, non_blocking: bool = False) -> Tensor:
        if not non_blocking:
            return copy(target, source)
        Stream.current.ahead.append(lambda: copy(target, source))
        return target

    Stream.made = []
    Stream.current = compute = Stream()
    monkeypatch.setattr(torch.cuda, "stream", on)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: compute)
    monkeypatch.setattr(Tensor, "copy_", copied)
    monkeypatch.setattr(Tensor, "record_stream", lambda tensor, stream: None)
    monkeypatch.setattr(transfers, "_stream", Stream)
    monkeypatch.setattr(transfers, "_event", Event)
    monkeypatch.setattr(transfers, "_pinned", lambda shape, dtype: torch.full(shape, 77, dtype=dtype))


def frames(kind: str, height: int = 61, width: int = 43) -> tuple[Exposure, ...]:
    random = np.random.default_rng(5)
    if kind == "float32":
        values = [random.random((height, width, 3), np.float32) for _ in range(3)]
        return tuple(Exposure(one, "linear", kind) for one in values)
    most = np.iinfo(kind).max
    codes = [random.integers(0, most, (height, width, 3), kind, endpoint=True) for _ in range(3)]
    tables = [random.random(most + 1, np.float32) for _ in range(3)]
    return tuple(Exposure(code, "srgb", kind, table=table) for code, table in zip(codes, tables, strict=True))


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("margin", [0, 5])
@pytest.mark.parametrize("strip", [1, 1500, 1 << 23])
def test_held_frames_are_the_planes_to_the_bit(
    monkeypatch: pytest.MonkeyPatch, kind: str, margin: int, strip: int
) -> None:
    monkeypatch.setattr(transfers, "STRIP_BYTES", strip)
    planes = of_frames(frames(kind), np.sqrt)
    planes = bordered(planes, margin) if margin else planes
    held = transfers.HeldFrames(planes, CPU)
    for top, left, bottom, right in [(0, 0, 7, 9), (3, 30, 33, 60), (20, 0, 80, 43), (70, 50, 96, 70), (0, 0, 96, 96)]:
        rows, columns = slice(top, bottom), slice(left, right)
        tile = held.tile(rows, columns)
        np.testing.assert_array_equal(tile[0].numpy(), repeated(planes, rows, columns))
        assert tile.is_contiguous(memory_format=torch.channels_last)


def test_rows_are_sent_once_and_only_when_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "STRIP_BYTES", 43 * 3 * 10)
    sent: list[int] = []
    real = transfers.Uploads.send

    def counted(uploads: transfers.Uploads, array: np.ndarray, target: Tensor) -> None:
        sent.append(len(array))
        real(uploads, array, target)

    monkeypatch.setattr(transfers.Uploads, "send", counted)
    held = transfers.HeldFrames(of_frames(frames("uint8"), np.asarray), CPU)
    held.tile(slice(0, 12), slice(0, 43))
    assert sent == [10, 10] * 3
    held.tile(slice(30, 61), slice(0, 43))
    held.tile(slice(0, 61), slice(0, 43))
    assert sum(sent) == 3 * 61


def test_held_arrays_are_the_arrays() -> None:
    array = np.random.default_rng(2).random((6, 19, 23)).astype(np.float32)
    held = transfers.HeldArray(array, CPU)
    for rows, columns in [(slice(0, 19), slice(0, 23)), (slice(4, 32), slice(11, 40))]:
        tile = held.tile(rows, columns)
        np.testing.assert_array_equal(tile[0].numpy(), repeated(array, rows, columns))
        assert tile.is_contiguous(memory_format=torch.channels_last)


def test_what_has_no_room_or_is_made_otherwise_is_not_held() -> None:
    planes = of_frames(frames("uint8"), np.asarray)
    made = Planes((3, 8, 8), lambda rows, columns: np.zeros((3, 8, 8), np.float32)[:, rows, columns])
    assert transfers.held((planes,), CUDA, 3 * 61 * 43 * 3 - 1) == ()
    assert transfers.held((np.zeros((3, 8, 8), np.float32), made), CUDA, 1e9) == ()
    assert transfers.held((planes,), CPU, 1e9) == ()


def test_parts_come_one_behind_and_whole() -> None:
    made: list[int] = []
    parts = [torch.rand(3, 5, 7).contiguous(memory_format=torch.contiguous_format) for _ in range(4)]

    def making() -> Iterator[tuple[int, Tensor]]:
        for number, part in enumerate(parts):
            made.append(number)
            yield number, part.bfloat16()

    for number, array in transfers.fetched(making(), CUDA):
        assert len(made) == min(number + 2, 4)
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, parts[number].bfloat16().float().numpy())
    _, stream = Stream.made
    assert stream.waits == 4  # for each part to be computed
    assert list(transfers.fetched([], CUDA)) == []


@pytest.mark.parametrize("name", ["apnt", "dfgnet", "twophase"])
def test_a_network_makes_the_same_of_what_is_held(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    from tests.test_tiling import CONDITIONS, SMALL

    network = plugins.load("networks", name).NETWORK
    module = network.build(**SMALL[name])
    formula.fill(module)
    picked = frames("uint16", 70, 101)[: network.frames]
    bracket = Bracket(name, picked, 0, (1.0, 4.0, 16.0)[: network.frames])
    planes = network.planes(bracket, module)
    with lanes.at_most(1):  # the streams here are of one thread
        plain = tiling.run(module, planes, CONDITIONS[name], tile=64, device=CPU)
        monkeypatch.setattr(
            transfers, "held", lambda maps, device, room: [transfers.HeldFrames(one, CPU) for one in maps]
        )
        fetched = transfers.fetched
        monkeypatch.setattr(transfers, "fetched", lambda parts, device: fetched(parts, CUDA))
        made = tiling.run(module, planes, CONDITIONS[name], tile=64, device=CPU)
    np.testing.assert_array_equal(made, plain)


def test_windows_have_rows_and_columns() -> None:
    assert Window(1, 2, 3, 4).slices == (slice(1, 3), slice(2, 4))
