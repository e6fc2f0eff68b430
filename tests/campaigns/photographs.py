"""Fuse real brackets with default options and write one page of results and figures (`--help` tells how).

What no rendered scene shows, real photographs do: holes, flat pictures, wrong colours, drift, seams. The page puts each
result beside its frames (and enfuse's result, where that is installed), with figures that can be compared from one
version to the next. The pictures are to be looked at all the same.
"""

from __future__ import annotations

import argparse
import html
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from skimage.color import rgb2lab

import hdrcli
from hdrcli import motion, plugins, readers
from hdrcli.errors import HdrcliError
from hdrcli.exposure import encoded_pixels
from hdrcli.image import Bracket, Exposure
from hdrcli.plan import make_plans
from hdrcli.reading import linear, read_bracket
from hdrcli.settings import FuseSettings
from hdrcli.transfer import luminance, srgb_to_linear

say = partial(print, flush=True)

CLIPPED, DARK = 250 / 255, 12 / 255
"""Encoded values from which a channel is clipped, and below which it tells no colour."""

NEW_EDGE = 0.25
"""Stops from one pixel to the next that no frame shows."""


@dataclass(frozen=True)
class Photographs:
    """A real bracket: a folder or files, and the stops of its frames where these carry no times."""

    name: str
    inputs: tuple[Path, ...]
    stops: tuple[float, ...] | None = None

    @classmethod
    def parse(cls, text: str) -> Photographs:
        """FOLDER, or FILE,FILE,…, each with =STOPS,STOPS,… behind it if there are no times."""
        given, _, stops = text.partition("=")
        inputs = tuple(Path(one) for one in given.split(","))
        name = inputs[0].name if len(inputs) == 1 else f"{inputs[0].stem}-{inputs[-1].stem}"
        return cls(name, inputs, tuple(float(one) for one in stops.split(",")) if stops else None)


@dataclass(frozen=True)
class Figures:
    """What can be measured of a result without its truth.

    `holes` is the share of values below half of what a clipped frame proves; `black` to `white` are L* of the picture
    at 1, 50 and 99 %; `hue` is the median difference, in stops, of the result's ratios of channels to those of the
    best-exposed frame; `residual` the median displacement, in pixels, that alignment leaves in its worst frame;
    `sharpness` the contrast of fine detail in the frame that alignment blurs most, over that before; `edges` the share
    of pixels with a step in light that no frame shows; `moved` the share of the picture that moved, and `seams` the
    share of its borders at which there are such steps; `seconds` the time of `fuse`.
    """

    holes: float
    black: float
    middle: float
    white: float
    hue: float
    residual: float
    sharpness: float
    edges: float
    moved: float
    seams: float
    seconds: float


def frames(photographs: Photographs) -> tuple[Bracket, Bracket, Bracket]:
    """The frames as they are read, as `fuse` brings them together, and these in linear light."""
    settings = FuseSettings(stops=photographs.stops, dry_run=True)
    plan = make_plans(list(photographs.inputs), settings).brackets[0]
    if plan.error:
        raise plan.error
    read = read_bracket(plan, settings)
    aligned = plugins.load("alignment", "auto").ALIGNER.align(read.bracket)
    return read.bracket, aligned, linear(aligned, plan, settings, read.measured)[0]


def figures(
    given: Bracket, aligned: Bracket, bracket: Bracket, light: np.ndarray, picture: np.ndarray, seconds: float
) -> Figures:
    """The figures of a radiance map and its picture, (H, W, 3) each, of frames as given, aligned, and linear."""
    lightness = rgb2lab(picture)[..., 0]
    black, middle, white = np.percentile(lightness, [1, 50, 99])
    still = bracket.exposures[bracket.reference]
    left = [residual(still, one) for one in bracket.exposures if one is not still]
    moved, edges = motion.find(bracket), new_edges(bracket, light)
    return Figures(
        holes(bracket, light), float(black), float(middle), float(white), hue(bracket, light),
        max((one for one in left if one is not None), default=0.0), sharpness(given, aligned),
        float(edges.mean()), moved.share, seams(moved.anywhere, edges), seconds,
    )  # fmt: skip


def holes(bracket: Bracket, light: np.ndarray) -> float:
    """The share of values darker than half of what a clipped channel of some frame proves."""
    relative = bracket.relative_exposures or (1.0,)
    proven = np.zeros(light.shape, np.float32)
    for exposure, one in zip(bracket.exposures, relative, strict=False):
        ratio = one / relative[bracket.reference]
        shown = encoded_pixels(exposure) >= CLIPPED
        if exposure.valid is not None:
            shown &= exposure.valid[..., None]
        proven = np.maximum(proven, shown * np.float32(0.95 / ratio))
    return float((light < proven / 2).mean())


def hue(bracket: Bracket, light: np.ndarray) -> float:
    """The median difference of the result's ratios of channels to those of the frame that shows each pixel best."""
    best, worth = np.zeros(light.shape, np.float32), np.zeros(light.shape[:2], np.float32)
    for exposure in bracket.exposures:
        pixels = np.clip(encoded_pixels(exposure), 0, 1)
        inside = (pixels.max(-1) < CLIPPED) & (pixels.min(-1) > DARK)
        value = inside * (0.5 - np.abs(pixels.mean(-1) - 0.5))
        if exposure.valid is not None:
            value = value * exposure.valid
        best[value > worth] = srgb_to_linear(pixels)[value > worth]
        worth = np.maximum(worth, value)
    seen = (worth > 0.1) & (light.min(-1) > 0)
    ours, theirs = np.log2(light[seen]), np.log2(best[seen])
    apart = [np.abs((ours[:, a] - ours[:, 1]) - (theirs[:, a] - theirs[:, 1])) for a in (0, 2)]
    return float(np.median(np.concatenate(apart))) if seen.any() else 0.0


def new_edges(bracket: Bracket, light: np.ndarray) -> np.ndarray:
    """(H, W) bool: where light changes by NEW_EDGE more, from a pixel to the next, than any frame's does."""
    steps = [_steps(np.log2(np.maximum(luminance(light), 1e-6)))]
    shown = np.zeros(light.shape[:2], np.float32)
    seen = np.zeros(light.shape[:2], bool)
    for exposure in bracket.exposures:
        pixels = np.clip(encoded_pixels(exposure), 0, 1)
        tells = (pixels.max(-1) < CLIPPED) & (pixels.mean(-1) > DARK)
        shown = np.maximum(shown, _steps(np.log2(np.maximum(luminance(srgb_to_linear(pixels)), 1e-4))))
        seen |= tells
    return (steps[0] > shown + NEW_EDGE) & seen


def seams(moved: np.ndarray, edges: np.ndarray) -> float:
    """The share of the borders of what moved, (h, w) bool, at which there are `edges` (H, W) that no frame shows."""
    square = np.ones((5, 5), np.uint8)
    mask = cv2.resize(moved.astype(np.uint8), edges.shape[::-1], interpolation=cv2.INTER_NEAREST)
    border = cv2.dilate(mask, square) > cv2.erode(mask, square)
    return float(edges[border].mean()) if border.any() else 0.0


def _steps(stops: np.ndarray) -> np.ndarray:
    """The largest difference of each pixel to those around."""
    square = np.ones((3, 3), np.uint8)
    return cv2.dilate(stops, square) - cv2.erode(stops, square)


def residual(still: Exposure, other: Exposure) -> float | None:
    """The median displacement, in pixels, of two frames where both are textured and well exposed; None for too little.

    Dense flow between the two in even contrast, where it agrees in both directions.
    """
    encoded = [np.clip(encoded_pixels(one), 0, 1) for one in (still, other)]
    codes = [_even(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)) for pixels in encoded]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)
    there, back = search.calc(*codes, None), search.calc(*codes[::-1], None)
    y, x = np.mgrid[: codes[0].shape[0], : codes[0].shape[1]].astype(np.float32)
    returned = cv2.remap(back, x + there[..., 0], y + there[..., 1], cv2.INTER_LINEAR)
    well = np.logical_and.reduce([(one.max(-1) < 0.92) & (one.min(-1) > 0.06) for one in encoded])
    if other.valid is not None:
        well &= other.valid
    well = cv2.erode(well.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    texture = cv2.cornerMinEigenVal(codes[0], 7, 3)
    if np.count_nonzero(well) < 1000:
        return None
    chosen = well & (texture > np.median(texture[well])) & (np.hypot(*(there + returned).transpose(2, 0, 1)) < 0.3)
    return float(np.median(np.hypot(*there[chosen].T))) if np.count_nonzero(chosen) > 300 else None


def sharpness(given: Bracket, aligned: Bracket) -> float:
    """The least contrast of fine detail, over all frames, that alignment leaves of that in the frame as given."""
    kept = [1.0]
    for before, after in zip(given.exposures, aligned.exposures, strict=True):
        if after is not before and after.valid is not None and after.valid.any():
            detail = [
                cv2.Laplacian(cv2.cvtColor(encoded_pixels(one), cv2.COLOR_RGB2GRAY), cv2.CV_32F)
                for one in (before, after)
            ]
            inside = cv2.erode(after.valid.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
            kept.append(float(detail[1][inside].std() / max(detail[0][inside].std(), 1e-6)))
    return min(kept)


def _even(luma: np.ndarray) -> np.ndarray:
    """Luma (H, W) of even local contrast, as codes."""
    detail = luma - cv2.GaussianBlur(luma, (0, 0), 6)
    contrast = np.sqrt(cv2.GaussianBlur(detail**2, (0, 0), 6))
    return np.clip(detail / (contrast + 0.02) * 40 + 128, 0, 255).astype(np.uint8)


def measured(photographs: Photographs, out: Path) -> Figures:
    """Fuse a set with default options into `out`, and measure the result. Raises what `fuse` reports."""
    begun = time.perf_counter()
    report = hdrcli.fuse(
        list(photographs.inputs), output=out, stops=photographs.stops, overwrite=True, formats=("png", "exr")
    )
    seconds = time.perf_counter() - begun
    result = report.brackets[0]
    if result.error:
        raise result.error
    by_suffix = {path.suffix: path for path in result.outputs}
    picture = readers.read(by_suffix[".png"]).pixels
    return figures(*frames(photographs), readers.read_light(by_suffix[".exr"]), picture, seconds)


def _thumbnail(source: Path | np.ndarray, target: Path, height: int) -> str:
    pixels = readers.read(source).pixels if isinstance(source, Path) else source
    scale = height / pixels.shape[0]
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(target), np.round(np.clip(small[..., ::-1], 0, 1) * 255).astype(np.uint8))
    return f'<a href="{html.escape(target.name)}"><img src="{html.escape(target.name)}"></a>'


def _map(photographs: Photographs) -> np.ndarray:
    """The reference frame, grey, with what moved in red."""
    _, _, bracket = frames(photographs)
    moved = motion.find(bracket).anywhere
    grey = cv2.cvtColor(encoded_pixels(bracket.exposures[bracket.reference]), cv2.COLOR_RGB2GRAY)
    shown = cv2.resize(grey, moved.shape[::-1], interpolation=cv2.INTER_AREA)[..., None].repeat(3, -1)
    shown[moved] = shown[moved] * 0.5 + np.array([0.5, 0, 0], np.float32)
    return shown


def _enfused(photographs: Photographs, out: Path) -> Path | None:
    """What enfuse makes of the frames as they are, where it is installed."""
    if shutil.which("enfuse") is None:
        return None
    plan = make_plans(list(photographs.inputs), FuseSettings(stops=photographs.stops, dry_run=True)).brackets[0]
    target = out / f"{photographs.name}_enfuse.png"
    command = ["enfuse", "-o", str(target), *(str(frame.path) for frame in plan.frames)]
    done = subprocess.run(command, capture_output=True, check=False)
    return target if done.returncode == 0 else None


def section(photographs: Photographs, found: Figures, out: Path) -> str:
    """The part of the page that shows one set."""
    plan = make_plans(list(photographs.inputs), FuseSettings(stops=photographs.stops, dry_run=True)).brackets[0]
    frames = [
        _thumbnail(frame.path, out / f"{photographs.name}_frame{number}.png", 160)
        for number, frame in enumerate(plan.frames)
    ]
    results = [next(out.glob(f"{plan.name}.png")), _enfused(photographs, out)]
    shown = [_thumbnail(one, out / f"{one.stem}_shown.png", 480) for one in results if one is not None]
    shown.append(_thumbnail(_map(photographs), out / f"{photographs.name}_moved.png", 480))
    rows = "".join(f"<td>{name}<br>{value:.4g}</td>" for name, value in asdict(found).items())
    title = html.escape(photographs.name)
    return f"<h2>{title}</h2><p>{''.join(frames)}</p><p>{''.join(shown)}</p><table><tr>{rows}</tr></table>"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", help="FOLDER or FILE,FILE,… each with =STOPS,… if its frames carry no times")
    parser.add_argument("--out", type=Path, default=Path("photographs"), help="folder of the page")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    sections, table, failures = [], {}, 0
    for text in chosen.sets:
        photographs = Photographs.parse(text)
        try:
            found = measured(photographs, chosen.out)
        except HdrcliError as error:
            say(f"{photographs.name}: {error}")
            sections.append(f"<h2>{html.escape(photographs.name)}</h2><p>{html.escape(str(error))}</p>")
            failures += 1
            continue
        table[photographs.name] = asdict(found)
        sections.append(section(photographs, found, chosen.out))
        say(f"{photographs.name:24}", " ".join(f"{name} {value:.4g}" for name, value in asdict(found).items()))
    style = "<style>body{font:14px sans-serif}img{margin:2px}td{padding:4px 10px}</style>"
    page = f"<!doctype html><meta charset=utf-8><title>Photographs</title>{style}{''.join(sections)}"
    (chosen.out / "index.html").write_text(page)
    (chosen.out / "figures.json").write_text(json.dumps(table, indent=1))
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
