"""One scene of an evaluation as it is gathered: predictions, truth, error maps and frames, encoded at once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from hdrcli import exposure, readers, sidecars, tone_mapping, transfer
from hdrcli.adjustments import Adjustments
from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.errors import HdrcliError
from hdrcli.evaluation.maps import coloured, scale_top
from hdrcli.evaluation.pairing import Pair
from hdrcli.image import RadianceMap
from hdrcli.page import charts, light, parts, pictures, views
from hdrcli.page.contents import Part, Picture, Range, Role, Scale, View
from hdrcli.page.pictures import Allowance

Key = tuple[str | None, str]
"""A view's model, and its metric or what it is."""

MAP = 1000
"""Longest side of an error map in pixels."""

_VIEWS = 12
"""Views of a pair that its allowance is shared by: a few metrics' maps, frames, prediction and truth."""


class Compared:
    """What is kept of a scene. `results` are the predictions; `others` the truth, the frames and the error maps."""

    def __init__(self, allowance: Allowance) -> None:
        self._limits = replace(
            allowance,
            pictures=allowance.pictures // _VIEWS,
            light=allowance.light // 2,
            masks=allowance.masks // _VIEWS,
            parts=allowance.parts // 9,
        )
        self.results: dict[Key, View] = {}
        self.others: dict[Key, View] = {}
        self.predictions: dict[Path, None] = {}
        self.frames: tuple[Path, ...] = ()
        self.size = (0, 0)
        self.range: Range | None = None
        self._parts: dict[tuple[str, str], dict[str, Picture]] = {}
        self._places: list[tuple[str, parts.Place]] = []

    def add(self, pair: Pair, name: str, metric: Metric, comparison: Comparison) -> None:
        """Keep what a figure was measured on, each image once, and the metric's error map."""
        how = "light" if comparison.kind == "linear" else "picture"
        if (pair.model, how) not in self.results:
            self._add_images(pair, how, comparison)
        if metric.error_map is None or (pair.model, metric.figures[0]) in self.others:
            return
        errors = metric.error_map(comparison)
        top = scale_top(errors)
        drawn = coloured(pictures.shrunk(errors, MAP), top)
        label = f"{name}, {pair.model}" if pair.model else name
        self.others[pair.model, metric.figures[0]] = View(
            label,
            "map",
            "",
            f"Error map of {label}: black is no error, yellow {top:g} {metric.map_unit} and more",
            pictures.picture(drawn, self._limits.pictures, MAP),
            pictures.thumbnail(drawn),
            scale=Scale(f"{top:g}", metric.map_unit),
        )
        self._add_worst(pair, name, comparison, errors, top)

    def _add_images(self, pair: Pair, how: str, comparison: Comparison) -> None:
        """The prediction, and the truth and the frames where they are not there yet."""
        height, width = comparison.prediction.shape[:2]
        self.size = width, height
        if pair.prediction is not None:
            found = pair.prediction.linear if how == "light" else pair.prediction.display
            self.predictions |= {found: None} if found else {}
        label = pair.model or "Prediction"
        label = f"{label}, picture" if (pair.model, "light") in self.results else label
        is_light = comparison.kind == "linear"
        made = self._view(label, "result", f"prediction of {pair.name}", comparison.prediction, is_light)
        self.results[pair.model, how] = made
        known = {"tone-mapped": ("tone-mapped", "linear")}.get(comparison.kind, (comparison.kind,))
        if comparison.kind != "fused" and not any((None, kind) in self.others for kind in known):
            self._add_truth(comparison, pair.name)
        if not self.frames:
            self.frames = pair.frames
            self._add_frames(pair.frames)
        self._add_parts(label, comparison)

    def _add_truth(self, comparison: Comparison, name: str) -> None:
        truth = comparison.reference
        self.others[None, comparison.kind] = self._view(
            "Truth" if comparison.kind != "tone-mapped" else "Truth, tone-mapped",
            "truth",
            f"truth of {name}",
            _to_middle_grey(truth) if comparison.kind == "tone-mapped" else truth,
            comparison.kind != "display",
            natural=comparison.kind == "tone-mapped",
        )
        if comparison.kind == "linear":
            self.range = charts.light(truth, [])

    def _view(
        self, label: str, role: Role, what: str, pixels: np.ndarray, is_light: bool, natural: bool = False
    ) -> View:
        """An image as a view: light by the mu-law, or by the tone mapping of pictures, with its values beside."""
        pixels = pixels.astype(np.float32)
        small = pictures.shrunk(pixels, pictures.LONGEST)
        drawn = _natural(small) if natural else _shown(small, is_light)
        how = "natural" if natural else "mu-law" if is_light else "as it is"
        return View(
            label,
            role,
            how,
            f"{label}: {what}, {how}",
            pictures.picture(drawn, self._limits.pictures),
            pictures.thumbnail(drawn),
            light=light.pack(pixels, self._limits.light) if is_light else None,
            histogram=charts.levels(drawn),
        )

    def _add_frames(self, paths: tuple[Path, ...]) -> None:
        """The frames, darkest first, as they were taken: they need not be aligned."""
        if not paths:
            return
        headers = [readers.read_header(path) for path in paths]
        relative = _relative(paths)
        order = sorted(range(len(paths)), key=lambda place: relative[place] if relative else place)
        middle = order[len(order) // 2]
        stops = relative and exposure.stops(relative, middle)
        for place in order:
            with suppress(HdrcliError):  # a frame that cannot be read costs its picture, not the figures
                frame = views.frame(
                    readers.read(paths[place]), headers[place], stops[place] if stops else None, False, self._limits
                )
                self.others[None, str(paths[place])] = replace(frame, as_light=False)

    def _add_parts(self, label: str, comparison: Comparison) -> None:
        """The centre and the brightest part, the same of all predictions, with the truth first."""
        shape = comparison.prediction.shape
        if not self._places:
            held = comparison.frames[-1] if comparison.kind == "fused" else comparison.reference
            brightness = transfer.luminance(pictures.shrunk(held.astype(np.float32), MAP))
            found = (("Brightest", parts.strongest(brightness, shape)), ("Centre", parts.centre(shape)))
            self._places = parts.distinct(found)
        for title, place in self._places:
            self._keep(title, place, label, comparison)

    def _add_worst(self, pair: Pair, name: str, comparison: Comparison, errors: np.ndarray, top: float) -> None:
        """The part where a prediction is most wrong, by its first metric that draws a map."""
        title = f"Worst of {pair.model}, by" if pair.model else "Worst, by"
        if any(known.startswith(title) for known, _ in self._parts):
            return
        if (place := parts.strongest(errors, errors.shape)) is not None:
            kept = self._keep(f"{title} {name}", place, pair.model or "Prediction", comparison)
            kept["Error"] = pictures.picture(coloured(errors[place], top), self._limits.parts)

    def _keep(self, title: str, place: parts.Place, label: str, comparison: Comparison) -> dict[str, Picture]:
        kept = self._parts.setdefault((title, parts.in_words(place)), {})
        is_light = comparison.kind == "linear"
        if not kept and comparison.kind in ("linear", "display"):
            kept["Truth"] = pictures.picture(_shown(comparison.reference[place], is_light), self._limits.parts)
        kept[label] = pictures.picture(_shown(comparison.prediction[place], is_light), self._limits.parts)
        return kept

    def sorted_others(self) -> dict[Key, View]:
        """What stands on the left: the truth, the frames, the error maps."""
        roles = ("truth", "frame", "map")
        return dict(sorted(self.others.items(), key=lambda item: roles.index(item[1].role)))

    def shown_parts(self) -> tuple[Part, ...]:
        """The parts at 100 %, the worst ones first."""
        ordered = sorted(self._parts.items(), key=lambda item: not item[0][0].startswith("Worst"))
        return tuple(Part(title, place, tuple(kept.items())) for (title, place), kept in ordered)


def _shown(pixels: np.ndarray, is_light: bool) -> np.ndarray:
    """An image to look at: pictures as they are, light by the mu-law."""
    return transfer.mu_law(np.clip(pixels, 0, 1)) if is_light else pixels


def _to_middle_grey(pixels: np.ndarray) -> np.ndarray:
    """Light of an unknown white on a scale that can be looked at."""
    return pixels * np.float32(tone_mapping.gain_to_middle_grey(pixels.astype(np.float32)))


def _natural(pixels: np.ndarray) -> np.ndarray:
    return tone_mapping.tone_map(RadianceMap(pixels), "natural", Adjustments()).pixels


def _relative(paths: tuple[Path, ...]) -> tuple[float, ...] | None:
    """Relative exposures of frames, in file order, from EXIF or a text file beside them; None where neither tells."""
    found = exposure.relative_exposures([readers.read_header(path) for path in paths])
    if found is None and len({path.parent for path in paths}) == 1:
        try:
            sidecar = sidecars.read_sidecar(paths[0].parent, paths)
        except HdrcliError:  # said where it mattered: when the frames were fused
            return None
        found = sidecar.relative_exposures if sidecar else None
    return found
