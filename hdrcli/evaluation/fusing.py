"""The scenes of a data set fused by a model: predictions with their truths, in one unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from hdrcli import admission, batch, disk, exposure, footprint, pipeline, readers, sidecars, transfer
from hdrcli.batch import Progress
from hdrcli.contracts import Scene
from hdrcli.evaluation.pairing import Files, Pair
from hdrcli.grouping import Grouping, named_bracket
from hdrcli.image import RadianceMap
from hdrcli.inputs import Inputs
from hdrcli.pipeline import BracketResult
from hdrcli.plan import model_record
from hdrcli.protocols import Protocol

_STAGED = "frames"
"""The folder in the output that holds the frames as a protocol wants them."""

_MOST_APART = 0.5
"""Stops that frames and truth may differ by, in the middle, for a unit to be believed."""


@dataclass(frozen=True)
class Fused:
    """The pairs of one model, and what fusing had to say."""

    pairs: tuple[Pair, ...]
    notes: tuple[str, ...]


def fuse(scenes: Sequence[Scene], model: str, output: Path, progress: Progress, **options: Any) -> Fused:
    """Fuse the frames of all scenes to `output`/`model`; what is there already and still right is not made again.

    `options` are those of `hdrcli.fuse`. A scene that fails is a pair with its error.
    """
    makes_light = model_record(model).makes is RadianceMap
    truths = Inputs(scene.truth for scene in scenes)
    for scene, suffix in product(scenes, (".exr", ".png")):
        truths.refuse(output / model / f"{scene.name}{suffix}")
    brackets = tuple(named_bracket(scene.name, scene.frames) for scene in scenes)
    report = pipeline.fuse(
        Grouping(brackets, (), ()),
        model=model,
        output=output / model,
        formats=("exr", "png") if makes_light else ("png",),
        progress=progress,
        **{"skip_existing": not options.get("overwrite"), "bit_depth": 32 if makes_light else None, **options},
    )
    notes = [*report.notes]
    pairs = tuple(_pair(scene, model, result, notes) for scene, result in zip(scenes, report.brackets, strict=True))
    return Fused(pairs, tuple(notes))


def _pair(scene: Scene, model: str, result: BracketResult, notes: list[str]) -> Pair:
    prediction = Files()
    for path in result.outputs:
        prediction = prediction.with_file(path)
    pair = Pair(
        scene.name, prediction, Files().with_file(scene.truth), frames=scene.frames, model=model, error=result.error
    )
    if result.error or not (prediction.linear and readers.holds_scene(scene.truth)):
        return pair
    try:
        return replace(pair, gain=_gain(scene, result, prediction.linear, notes))
    except Exception as error:  # noqa: BLE001 (as of a bracket)
        told = batch.in_words(error, str(scene.truth), "Close other programs, or give smaller images.")
        return replace(pair, error=told)


def _gain(scene: Scene, result: BracketResult, prediction: Path, notes: list[str]) -> float:
    """What brings a prediction, whose 1.0 is the reference frame's white, to the unit of the scene's truth."""
    if result.stops is None:
        return 1.0
    stops = readers.read_header(prediction).numbers("hdrcli:stops") or sorted(result.stops)
    by_shortest = 2.0 ** min(stops)
    if scene.unit is not None:
        return by_shortest if scene.unit == "shortest" else 1.0
    apart = _stops_apart(scene.frames[int(np.argmin(np.abs(result.stops)))], scene)
    gains = {"reference": 1.0, "shortest": by_shortest}
    unit = min(gains, key=lambda name: abs(np.log2(gains[name]) - apart))
    if abs(np.log2(gains[unit]) - apart) > _MOST_APART:
        notes.append(
            f"{scene.truth}: its 1.0 is neither the shortest nor the reference frame's white ({-apart:+.2f} stops from "
            "that); --gain lsq scales predictions to it"
        )
        return 1.0
    note = f"1.0 in {scene.truth.name} is the white of the {unit} frame, by the pixels of both"
    notes += [] if note in notes else [note]
    return gains[unit]


def _stops_apart(path: Path, scene: Scene) -> float:
    """Stops from the light of a frame to that of the truth, if there is memory to look at them."""
    headers = [readers.read_header(one) for one in (path, scene.truth)]
    with admission.admitted(str(scene.truth), footprint.of_pair(headers, ["linear"], 0, drawn=False), lambda: None):
        frame = readers.read(path)
        light = frame.pixels if frame.encoding == "linear" else transfer.srgb_to_linear(frame.pixels)
        return _median_stops(light, readers.read_scene(scene.truth))


def _median_stops(frame: np.ndarray, truth: np.ndarray) -> float:
    """The median of what the frame shows well."""
    import cv2

    if truth.shape != frame.shape:  # a protocol's frames are; sizes that cannot be meant are refused when it is judged
        truth = cv2.resize(truth, frame.shape[1::-1], interpolation=cv2.INTER_AREA)
    shown = ((frame > 0.02) & (frame < 0.9) & (truth > 0)).all(axis=2)
    if not shown.any():
        return 0.0
    return float(np.median(np.log2(truth[shown].sum(axis=1) / frame[shown].sum(axis=1))))


def staged(scenes: Sequence[Scene], protocol: Protocol, output: Path) -> list[Scene]:
    """The scenes with frames as a protocol wants them, written as 8-bit PNG to `output`/frames."""
    made = []
    inputs = Inputs([path for scene in scenes for path in (*scene.frames, scene.truth)])
    for scene in scenes:
        folder = output / _STAGED / scene.name
        frames = tuple(_staged_frame(path, protocol, folder, inputs) for path in scene.frames)
        _stage_times(scene, folder)
        made.append(replace(scene, frames=frames))
    return made


def _staged_frame(path: Path, protocol: Protocol, folder: Path, inputs: Inputs) -> Path:
    import cv2

    target = folder / f"{path.stem}.png"
    inputs.refuse(target)
    frame = readers.read(path)
    encoded = exposure.encoded_pixels(frame)
    pixels = protocol.resized(eight_bits(encoded))
    disk.write_all({target: cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()})
    return target


def eight_bits(encoded: np.ndarray) -> np.ndarray:
    """Encoded frames of 16 bits as uint8, the low byte cut off as OpenCV's `imread` does."""
    return (np.rint(encoded * 65535).astype(np.uint16) >> 8).astype(np.uint8)


def _stage_times(scene: Scene, folder: Path) -> None:
    """Carry the exposures over: the sidecar, or what EXIF says, as PNG files have none."""
    sidecar = sidecars.find_sidecar(scene.frames[0].parent)
    relative = exposure.relative_exposures([readers.read_header(path) for path in scene.frames])
    if relative is not None:
        disk.write_all({folder / "times.txt": "".join(f"{one!r}\n" for one in relative).encode()})
    elif sidecar is not None:
        disk.write_all({folder / sidecar.name: sidecar.read_bytes()})
