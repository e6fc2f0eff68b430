"""A tiny bracket from files to files, as `hdrcli fuse` does it, by the classical fusers and the smallest network."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from hdrcli import pipeline, plugins, readers, records
from hdrcli.checkup._picture import TIMES, picture
from hdrcli.checkup.outcome import Check
from hdrcli.contracts import OutputInfo
from hdrcli.errors import HdrcliError
from hdrcli.transfer import linear_to_srgb

AREA = "fusing"
CURE = "Type hdrcli fuse --debug with frames of yours, and report what it prints."

_SIZE = 64, 96
_OFF = 0.05
"""Of the light, where frames are 8-bit JPEGs."""


def checks() -> Iterator[tuple[str, Check]]:
    """The classical fusers, which are exact, and a network."""
    for name in (*plugins.names("classical"), smallest_network()):
        yield name, partial(_fused, name)


def smallest_network() -> str:
    """The network whose default weights take the least room."""
    files = {name: records.records(name)[records.DEFAULT_TAG].file for name in plugins.names("networks")}
    return min(files, key=lambda name: files[name].stat().st_size if files[name].is_file() else float("inf"))


def _fused(model: str) -> str:
    """The outputs that were made. Raises the bracket's error; HdrcliError for light that is not the scene's."""
    light = 0.05 + picture(*_SIZE)
    with tempfile.TemporaryDirectory() as folder:
        frames = Path(folder) / "bracket"
        frames.mkdir()
        writer = plugins.load("writers", "jpg").WRITER
        for number, time in enumerate(TIMES, 1):
            shown = linear_to_srgb(np.clip(light * time / TIMES[1], 0, 1)).astype(np.float32)
            (frames / f"{number}.jpg").write_bytes(writer.encode(shown, OutputInfo(quality=98), 8))
        (done,) = pipeline.fuse(
            frames, model=model, times=TIMES, reference=2, output=Path(folder) / "fused", align="off"
        ).brackets
        if done.error is not None:
            raise done.error
        made = readers.read_light(next(path for path in done.outputs if path.suffix == ".exr"))
    if model == "debevec":
        off = float(np.median(np.abs(made / light - 1)))
        if not off <= _OFF:
            raise HdrcliError(f"debevec's light is off by {100 * off:.2g} % in the median.")
    return " ".join(path.suffix.removeprefix(".") for path in done.outputs)
