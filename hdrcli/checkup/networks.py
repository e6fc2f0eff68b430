"""Each weights file: whether it is there and whole, and whether its network makes a picture of a tiny bracket."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from hdrcli import exposure, inference, plugins, records
from hdrcli.checkup._picture import TIMES, picture
from hdrcli.checkup.outcome import Check
from hdrcli.contracts import Network
from hdrcli.errors import HdrcliError
from hdrcli.image import Bracket, Encoding, Exposure
from hdrcli.settings import FuseSettings
from hdrcli.transfer import linear_to_srgb

AREA = "networks"
CURE = "Type pip install --force-reinstall hdrcli: the weights come with it."

_SIDE = 64


def checks() -> Iterator[tuple[str, Check]]:
    """The folder of the weights, then each file in it."""
    yield "weights", _folder
    for name in plugins.names("networks"):
        rows = records.records(name)
        if records.DEFAULT_TAG not in rows:
            yield name, partial(_none, name)
        for tag in rows:
            yield f"{name} {tag}", partial(_runs, name, tag)


def _folder() -> str:
    """Where they lie."""
    folder = records.folder()
    if not folder.is_dir():
        raise HdrcliError(f"{folder} is missing.", CURE)
    return f"in {folder}"


def _none(name: str) -> str:
    raise HdrcliError(f"There are no weights for {name}.", CURE)


def _runs(name: str, tag: str) -> str:
    """The digest of weights whose network makes a finite picture."""
    settings = FuseSettings(model=name, weights=tag, device="cpu", precision="fp32", tile="off")
    network: Network = plugins.load("networks", name).NETWORK
    made = inference.run(name, _bracket(network), settings, lambda share: None)
    pixels = made.image.pixels
    if pixels.shape != (_SIDE, _SIDE, 3) or not np.isfinite(pixels).all() or not np.ptp(pixels) > 0:
        raise HdrcliError(f"{name} with its weights {tag} makes no picture.", CURE)
    return made.attributes["weightsSha256"][:12]


def _bracket(network: Network) -> Bracket:
    """Frames of the tiny picture as light, linear for a network that makes light, encoded for the others."""
    light = 2 * picture(_SIDE, _SIDE)
    encoded = not network.needs_times
    times = TIMES if network.frames == len(TIMES) else (TIMES[0], TIMES[-1])
    reference = exposure.choose_reference([0.0] * len(times), times)
    shot = [np.clip(light * time / times[reference], 0, 1) for time in times]
    frames = [linear_to_srgb(one).astype(np.float32) if encoded else one for one in shot]
    coding: Encoding = "srgb" if encoded else "linear"
    exposures = tuple(Exposure(one, coding, f"{time} s", time) for one, time in zip(frames, times, strict=True))
    return Bracket("checkup", exposures, reference, times)
