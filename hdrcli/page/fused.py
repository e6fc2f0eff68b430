"""The page of `fuse`: each bracket's frames beside what became of them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from hdrcli import exposure, motion, transfer
from hdrcli.image import Bracket, Exposure, RadianceMap
from hdrcli.page import charts, document, light, parts, pictures, views, words
from hdrcli.page.contents import File, Page, Part, Scene, View
from hdrcli.page.pictures import Allowance
from hdrcli.pipeline import BracketResult, FuseReport
from hdrcli.results import Fused
from hdrcli.sampling import sample

MOST_PARTS = 3
"""Frames beside a result at 100 %: the darkest, the reference and the brightest of more."""

_OF_RUNS = ("model", "weights", "device", "precision", "crop", "scaleStops")
"""What a result's header tells of the run that made it."""


class FusedPage:
    """Gathers brackets as they are fused: hand `expect` to `fuse` as `on_plans` and `add` as `on_fused`.

    Raises WriteError for a `path` that exists and is no page of hdrcli, unless `overwrite`, and UsageError for one that
    does not end in .html.
    """

    def __init__(self, path: str | Path, *, overwrite: bool = False) -> None:
        self.path = document.checked(Path(path), overwrite=overwrite)
        self._allowance = Allowance.of(1)
        self._scenes: dict[str, Scene] = {}
        self._lock = threading.Lock()

    def expect(self, count: int) -> None:
        """The number of brackets, which share the page's size."""
        self._allowance = Allowance.of(count)

    def add(self, fused: Fused) -> None:
        """Keep encoded pictures of a bracket; its pixels are not kept."""
        scene = _scene(fused, self._allowance)
        with self._lock:
            self._scenes[scene.name] = scene

    def write(self, report: FuseReport) -> bool:
        """Write the page; not at all, and False, where no bracket was fused. Raises WriteError."""
        if not self._scenes:
            return False
        scenes = tuple(self._with_outcome(result) for result in report.brackets)
        count = len(self._scenes)
        title = scenes[0].name if len(scenes) == 1 else f"{count} bracket{'s' * (count > 1)}"
        left = tuple(str(path) for path in report.left)
        document.write(self.path, Page(title, "fused", scenes, notes=report.notes, left=left))
        return True

    def _with_outcome(self, result: BracketResult) -> Scene:
        """The scene of a bracket, or a line on why it has none."""
        if (scene := self._scenes.get(result.name)) is not None and result.status == "done":
            lost = tuple(f"{path.name} has no part in it" for path in result.left_out)
            return replace(scene, notes=(*result.notes, *lost))
        error = f"{result.error.message} {result.error.hint}" if result.error else ""
        return Scene(result.name, f"{len(result.inputs)} frames", result.status, error)


def _scene(fused: Fused, allowance: Allowance) -> Scene:
    bracket, headers = fused.frames, fused.headers
    stops = _stops(fused)
    count = len(bracket.exposures)
    limits = replace(allowance, pictures=allowance.pictures // (count + 1), masks=allowance.masks // (2 * count + 1))
    result = _result(fused, limits)
    frames = tuple(
        replace(
            views.frame(one, header, stops[place] if stops else None, place == bracket.reference, limits),
            as_light=_is_srgb(one, fused.bracket.exposures[place]),
        )
        for place, (one, header) in enumerate(zip(bracket.exposures, headers, strict=True))
    )
    moved = _moved(fused)
    spans = [(frame.name, stop) for frame, stop in zip(frames, stops, strict=True)] if stops else []
    return Scene(
        fused.plan.name,
        _words(fused, stops),
        results=(result,),
        others=frames,
        moved=None if moved is None else pictures.mask(moved, pictures.MOVED, limits.masks),
        moved_share="" if moved is None else words.percent(float(moved.mean())),
        range=charts.light(fused.image.pixels, spans) if isinstance(fused.image, RadianceMap) else None,
        parts=_parts(fused, moved, allowance.parts),
        settings=_settings(fused),
        files=_files(fused),
    )


def _stops(fused: Fused) -> tuple[float, ...] | None:
    """The exposure of each frame in stops over the one whose white is the result's 1.0."""
    relative = fused.bracket.relative_exposures
    if relative is None:
        return None
    scale = float(fused.attributes["scaleStops"]) if fused.attributes.get("scale") == "shoot" else 0.0
    return tuple(stop + scale for stop in exposure.stops(relative, fused.bracket.reference))


def _is_srgb(one: Exposure, decoded: Exposure) -> bool:
    """Whether the picture of a frame, decoded by sRGB, is its light as it was fused."""
    some, light = sample(one.pixels), sample(decoded.pixels)
    return one.encoding == "linear" or np.allclose(transfer.srgb_to_linear(some), light, rtol=0, atol=1e-3)


def _words(fused: Fused, stops: Sequence[float] | None) -> str:
    width, height = fused.frames.exposures[0].size
    count = len(fused.frames.exposures)
    told = [f"{count} frames"]
    if stops:
        told.append(f"{words.stops(stops[0])} to {words.stops(stops[-1])} stops")
    return " · ".join([*told, f"{width} × {height}", fused.plan.model])


def _result(fused: Fused, limits: Allowance) -> View:
    shown, image = fused.picture(), fused.image
    how = "scene-referred" if isinstance(image, RadianceMap) else "display-referred"
    tone_map = f", {fused.settings.tone_map}" if isinstance(image, RadianceMap) else ""
    return View(
        "Result",
        "result",
        f"{fused.plan.model}{tone_map}",
        f"{fused.plan.name}, fused by {fused.plan.model}: a {how} picture",
        pictures.picture(shown, limits.pictures),
        pictures.thumbnail(shown),
        light=light.pack(image.pixels, limits.light) if isinstance(image, RadianceMap) else None,
        histogram=charts.levels(shown),
    )


def _moved(fused: Fused) -> np.ndarray | None:
    """Where something moved between frames, (h, w) bool; None where exposures are not known."""
    if fused.bracket.relative_exposures is None:
        return None
    return motion.find(fused.bracket).anywhere


def _parts(fused: Fused, moved: np.ndarray | None, limit: int) -> tuple[Part, ...]:
    shown = fused.picture()
    shape = shown.shape
    brightness = transfer.luminance(pictures.shrunk(fused.image.pixels, 1000))
    places = [
        ("Where most moved", None if moved is None or not moved.any() else parts.strongest(moved, shape)),
        ("Brightest", parts.strongest(brightness, shape)),
        ("Centre", parts.centre(shape)),
    ]
    return parts.chosen(places, [("Result", lambda place: shown[place]), *_beside(fused.frames)], limit)


def _beside(frames: Bracket) -> list[tuple[str, parts.Show]]:
    """The frames that parts are shown of, each as its name and what gives its pixels of a place."""
    last = len(frames.exposures) - 1
    some = range(last + 1) if last < MOST_PARTS else sorted({0, frames.reference, last})
    return [(frames.exposures[index].name, partial(_encoded_part, frames.exposures[index])) for index in some]


def _encoded_part(one: Exposure, place: parts.Place) -> np.ndarray:
    return exposure.encoded_pixels(replace(one, stored=one.stored[place], valid=None, clipped=None))


def _settings(fused: Fused) -> tuple[tuple[str, str], ...]:
    """How it was made, as its header says, and what was asked for."""
    ran = {name: value for name, value in fused.attributes.items() if name in _OF_RUNS}
    asked = {name.replace("_", "-"): value for name, value in fused.making.settings.items() if name not in ran}
    return words.settings({**ran, **asked})


def _files(fused: Fused) -> tuple[File, ...]:
    plan, making = fused.plan, fused.making
    written = [path for path in plan.outputs if path not in plan.kept]
    states = [
        *zip(["frame"] * len(plan.frames), [one.path for one in plan.frames], making.inputs.values(), strict=True),
        *zip(["result"] * len(written), written, making.outputs.values(), strict=True),
    ]
    found = [File(str(path), role, state.sha256, state.size) for role, path, state in states]
    if making.weights:
        found.append(
            File(f"weights {making.model} {fused.attributes.get('weights', '')}", "weights", making.weights, 0)
        )
    return tuple(found)
