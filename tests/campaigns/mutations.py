"""Damage to files, the same again for the same number: of bits, runs, ends, headers, chunks and fields of sizes."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

Mutation = Callable[[bytearray, bytes, np.random.Generator], None]
"""Changes a file in place; the bytes are another sound file, to take parts from."""

EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""What fields of sizes, counts and offsets are set to."""

HEAD = 512
"""Bytes within which most headers lie."""


def mutated(number: int, whole: bytes, other: bytes, suffix: str) -> bytes:
    """The damaged file of a number: one to three mutations of `whole`. Half of all PNG get right checksums again."""
    rng = np.random.default_rng(number)
    data = bytearray(whole)
    for _ in range(rng.choice([1, 1, 2, 3])):
        MUTATIONS[rng.integers(len(MUTATIONS))](data, other, rng)
    if suffix == ".png" and rng.random() < 0.5:
        repair_checksums(data)
    return bytes(data)


def _place(data: bytearray, rng: np.random.Generator) -> int:
    """A place in a file, half of the time in its head, for pixels are most of it."""
    return int(rng.integers(max(1, min(len(data), HEAD if rng.random() < 0.5 else len(data)))))


def flip_bits(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    """One to 16 bits."""
    for _ in range(rng.integers(1, 17)):
        if data:
            data[_place(data, rng)] ^= 1 << int(rng.integers(8))


def overwrite(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    """A run of up to 64 bytes by noise, zeros or ones."""
    at, size = _place(data, rng), int(rng.integers(1, 65))
    run = (rng.bytes(size), bytes(size), b"\xff" * size)[rng.integers(3)]
    data[at : at + size] = run[: len(data) - at]


def truncate(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    """The end is gone."""
    del data[_place(data, rng) :]


def grow(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    """Noise at the end or in between, up to four times the file."""
    at = len(data) if rng.random() < 0.5 else _place(data, rng)
    data[at:at] = rng.bytes(int(rng.integers(1, 4 * len(data) + 2)))


def remove(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    """A run of up to 64 bytes is gone."""
    at = _place(data, rng)
    del data[at : at + int(rng.integers(1, 65))]


def repeat(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    """A run comes up to 20 times."""
    at = _place(data, rng)
    run = data[at : at + int(rng.integers(1, 257))]
    data[at:at] = run * int(rng.integers(1, 20))


def swap_header(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    """The beginning of another sound file."""
    size = int(rng.integers(4, HEAD))
    data[:size] = other[:size]


def swap_chunk(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    """A part of another sound file in place of as much, or in between."""
    start, size, at = int(rng.integers(max(1, len(other)))), int(rng.integers(1, 2048)), _place(data, rng)
    data[at : at + (size if rng.random() < 0.5 else 0)] = other[start : start + size]


def set_field(data: bytearray, other: bytes, rng: np.random.Generator) -> None:
    """Integers of 1, 2 or 4 bytes and either order, up to four of them, nothing or huge."""
    for _ in range(rng.integers(1, 5)):
        size, order = int(rng.choice([1, 2, 4])), ("little", "big")[rng.integers(2)]
        value = EXTREMES[rng.integers(len(EXTREMES))] & ((1 << 8 * size) - 1)
        at = _place(data, rng)
        data[at : at + size] = value.to_bytes(size, order)  # type: ignore[arg-type]


MUTATIONS: tuple[Mutation, ...] = (
    *(flip_bits, overwrite, truncate, grow, remove, repeat, swap_header, swap_chunk),
    *(set_field, set_field, set_field),
)


def repair_checksums(data: bytearray) -> None:
    """The checksums of PNG chunks made right, so that what is in these comes before its parsers."""
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        end = at + 8 + length
        if end + 4 > len(data):
            return
        data[end : end + 4] = zlib.crc32(data[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
