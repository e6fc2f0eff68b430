"""Properties that hold for anything, tried with whatever Hypothesis comes up with.

A few examples of each take seconds; `HYPOTHESIS_PROFILE=thorough pytest tests/test_properties.py` tries hundreds.
"""

from __future__ import annotations

import io
import math
import os
import random
import tempfile
import unicodedata
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from unittest import mock

import imagecodecs
import numpy as np
import OpenEXR
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import Tensor, nn

from hdrcli import exposure, plugins, readers, sidecars, strips, tiling
from hdrcli.contracts import OutputInfo
from hdrcli.errors import ExposureError
from hdrcli.grouping import Grouping, find_brackets, one_file_name
from hdrcli.image import FrameHeader
from hdrcli.tiles import split
from hdrcli.tiling import TiledModule

_LENIENT = {"deadline": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("few", max_examples=10, derandomize=True, database=None, **_LENIENT)
settings.register_profile("thorough", max_examples=500, **_LENIENT)
PROFILE = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "few"))

stops_of = st.floats(-12, 12, width=32)
relative = st.lists(stops_of.map(lambda stop: 2.0**stop), min_size=2, max_size=9)


# grouping


@st.composite
def shoots(draw: st.DrawFn) -> list[FrameHeader]:
    """Frames of a shoot in file order: brackets of one kind, with pauses between and singles thrown in."""
    steps = draw(st.sampled_from([(0, -2, 2), (-2, 0, 2), (0, 2), (-4, -2, 0, 2, 4), (0, -1, 1, -2, 2)]))
    at, frames = 0.0, []
    for _ in range(draw(st.integers(1, 5))):
        base = draw(st.sampled_from([1 / 500, 1 / 60, 1 / 8]))
        shown = steps if draw(st.integers(0, 4)) else (0,)
        for step in shown:
            frames.append((at, base * 2.0**step))
            at += draw(st.sampled_from([0.3, 1.0, 1.5]))
        at += draw(st.sampled_from([0.5, 8.0, 60.0, 4000.0]))
    begun = datetime(2024, 5, 1, 12)
    return [
        FrameHeader(
            Path(f"/shoot/img{number:04}.jpg"), 48, 32, time, 8.0, 100.0, begun + timedelta(seconds=at), "Camera"
        )
        for number, (at, time) in enumerate(frames, 1)
    ]


def grouped(headers: list[FrameHeader], chance: random.Random | None = None) -> Grouping:
    """The brackets of a folder of files that have these headers, which it lists in some order."""
    by_path = {header.path: header for header in headers}
    with tempfile.TemporaryDirectory() as made:
        for header in headers:
            (Path(made) / header.path.name).touch()

        def read(path: Path) -> FrameHeader:
            return replace(by_path[Path("/shoot") / path.name], path=path)

        listed = sorted(os.scandir(made), key=lambda entry: chance.random() if chance else entry.name)
        with (
            mock.patch.object(readers, "read_header", read),
            mock.patch("os.scandir", return_value=nullcontext(listed)),
        ):
            return find_brackets([Path(made)])


def parts(found: Grouping) -> set[frozenset[str]]:
    """The names of the frames of each bracket."""
    return {frozenset(path.name for path in bracket.files) for bracket in found.brackets}


@settings(PROFILE)
@given(shoots())
def test_every_frame_is_in_one_bracket_or_left(headers: list[FrameHeader]) -> None:
    found = grouped(headers)
    told = [path.name for bracket in found.brackets for path in bracket.files]
    told += [path.name for path in found.left]
    assert sorted(told) == sorted(header.path.name for header in headers)
    assert all(bracket.files for bracket in found.brackets)


@settings(PROFILE)
@given(shoots(), st.randoms(use_true_random=False))
def test_the_order_in_which_a_folder_lists_its_files_does_not_matter(
    headers: list[FrameHeader], chance: random.Random
) -> None:
    found, expected = grouped(headers, chance), grouped(headers)
    in_order = [[[path.name for path in one.files] for one in each.brackets] for each in (found, expected)]
    assert in_order[0] == in_order[1]
    assert [path.name for path in found.left] == [path.name for path in expected.left]


@settings(PROFILE)
@given(shoots(), st.integers(-(10**8), 10**8), st.integers(-8, 8))
def test_brackets_are_the_same_later_and_in_other_light(headers: list[FrameHeader], later: int, stops: int) -> None:
    moved = [
        replace(header, taken=header.taken + timedelta(seconds=later), iso=header.iso * 2.0**stops)
        for header in headers
    ]
    assert parts(grouped(moved)) == parts(grouped(headers))


@settings(PROFILE)
@given(st.text(min_size=1))
def test_one_file_name_is_one_for_ever(name: str) -> None:
    assert one_file_name(one_file_name(name)) == one_file_name(name)
    assert one_file_name(unicodedata.normalize("NFD", name)) == one_file_name(unicodedata.normalize("NFC", name))
    assert one_file_name(f"{name}.") == one_file_name(name)


# exposure arithmetic


@settings(PROFILE)
@given(relative, st.floats(-30, 30))
def test_stops_are_ratios_and_go_back(values: list[float], scale: float) -> None:
    for reference in range(len(values)):
        found = exposure.stops(values, reference)
        assert found[reference] == 0
        assert exposure.stops([value * 2.0**scale for value in values], reference) == pytest.approx(found, abs=1e-9)
        assert [values[reference] * 2.0**stop for stop in found] == pytest.approx(values)
        pairs = sorted(zip(values, found, strict=True))  # logarithms of neighbouring numbers may be equal
        assert all(one <= other for (_, one), (_, other) in pairwise(pairs))


@settings(PROFILE)
@given(st.lists(st.tuples(*[st.floats(1e-4, 1e3)] * 3), min_size=1, max_size=6), st.floats(0.01, 100))
def test_relative_exposures_scale_with_time_and_sensitivity(shots: list[tuple[float, ...]], factor: float) -> None:
    frames = [FrameHeader(Path("a"), 1, 1, time, f_number, iso) for time, f_number, iso in shots]
    found = exposure.relative_exposures(frames)
    longer = [replace(frame, exposure_time=frame.exposure_time * factor) for frame in frames]
    faster = [replace(frame, iso=frame.iso * factor) for frame in frames]
    wider = [replace(frame, f_number=frame.f_number / math.sqrt(factor)) for frame in frames]
    for changed in (longer, faster, wider):
        assert exposure.relative_exposures(changed) == pytest.approx([value * factor for value in found])


@settings(PROFILE)
@given(relative, st.integers(0, 8), st.sampled_from([3, 5]))
def test_chosen_frames_are_some_of_the_bracket_in_order(values: list[float], reference: int, count: int) -> None:
    values, reference = sorted(values), min(reference, len(values) - 1)
    try:
        chosen = exposure.choose_frames(values, reference, count)
    except ExposureError:
        assert len(values) < count or min(reference, len(values) - 1 - reference) < count // 2
        return
    assert len(chosen) == count == len(set(chosen))
    assert list(chosen) == sorted(chosen)
    assert chosen[count // 2] == reference


@settings(PROFILE)
@given(relative, st.data())
def test_the_reference_is_an_inner_frame(values: list[float], data: st.DataObject) -> None:
    values = sorted(values)
    clipped = data.draw(st.lists(st.floats(0, 1), min_size=len(values), max_size=len(values)))
    for known in (values, None):
        chosen = exposure.choose_reference(clipped, known)
        assert 0 < chosen < len(values) - 1 or len(values) == 2


# sidecars


@settings(PROFILE)
@given(st.lists(st.floats(-60, 60), min_size=1, max_size=9), st.sampled_from(["exposure.txt", "times.txt", "list.txt"]))
def test_sidecars_are_read_as_they_were_written(stops: list[float], form: str) -> None:
    seconds = [2.0 ** (stop / 3) for stop in stops]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        files = [folder / f"img {number}.jpg" for number in range(len(stops))]
        lines = {
            "exposure.txt": [repr(stop / 3) for stop in stops],
            "times.txt": [repr(time) for time in seconds],
            "list.txt": [f"{file.name} {1 / time!r}" for file, time in zip(files, seconds, strict=True)],
        }
        (folder / form).write_text("\n".join(lines[form]), encoding="utf-8")
        assert sidecars.read_sidecar(folder, files).relative_exposures == pytest.approx(seconds)


@settings(PROFILE)
@given(st.text(), st.sampled_from(["exposure.txt", "times.txt", "list.txt", "image_list.txt"]))
def test_any_sidecar_is_read_or_refused(text: str, form: str) -> None:
    with tempfile.TemporaryDirectory() as made:
        (Path(made) / form).write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            found = sidecars.read_sidecar(Path(made), [Path(made) / "a.jpg", Path(made) / "b.jpg"])
        except ExposureError:
            return
        assert all(value > 0 and math.isfinite(value) for value in found.relative_exposures)


# parts of pictures


@settings(PROFILE)
@given(st.integers(1, 3000), st.integers(1, 3000), st.one_of(st.none(), st.integers(1, 10**6)))
@example(70_000, 3, None)
@example(3, 70_000, None)
def test_strips_hold_each_row_once(height: int, width: int, pixels: int | None) -> None:
    found = strips.strips(height, width, pixels)
    assert [row for strip in found for row in range(height)[strip]] == list(range(height))
    assert all(strip.start % 2 == 0 for strip in found)


@settings(PROFILE)
@given(st.integers(1, 1500), st.integers(1, 1500), st.integers(0, 40))
def test_blocks_hold_each_pixel_once_within_their_surroundings(height: int, width: int, halo: int) -> None:
    seen = np.zeros((height, width), int)
    numbers = np.arange(height * width).reshape(height, width)
    for part in strips.blocks((height, width), halo):
        seen[part.place] += 1
        np.testing.assert_array_equal(numbers[part.around][part.within], numbers[part.place])
    assert (seen == 1).all()


class Blur(TiledModule):
    """The mean of the (2 radius + 1) pixels around, zeros beyond the border: whatever the tile, the same."""

    def __init__(self, radius: int) -> None:
        super().__init__()
        self.radius = self.halo = radius
        self.multiple_of = 1
        self.filter = nn.Conv2d(1, 1, 2 * radius + 1, padding=radius, bias=False)
        nn.init.constant_(self.filter.weight, 1 / (2 * radius + 1) ** 2)

    def forward(self, frames: Tensor, *more: object, **others: object) -> Tensor:
        return self.filter(frames[:, :1]).expand(-1, 3, -1, -1)


@settings(PROFILE)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 64), st.integers(0, 9))
@example(1, 90, 1, 9)
def test_tiled_is_untiled_for_any_size_and_tile(height: int, width: int, tile: int, radius: int) -> None:
    planes = np.random.default_rng(height * width).uniform(0, 1, (1, height, width)).astype(np.float32)
    module = Blur(radius).eval()
    whole = tiling.run(module, planes, {}, tile=None, device=torch.device("cpu"))
    found = tiling.run(module, planes, {}, tile=tile, device=torch.device("cpu"))
    whole, found = (getattr(one, "picture", one) for one in (whole, found))
    np.testing.assert_allclose(found, whole, atol=1e-6)


@settings(PROFILE)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 500))
def test_tiles_hold_each_pixel_once(height: int, width: int, tile: int) -> None:
    seen = np.zeros((height, width), int)
    for window in split(height, width, tile):
        seen[window.slices] += 1
    assert (seen == 1).all()


# writers


def encoded(name: str, pixels: np.ndarray, depth: int) -> bytes:
    return plugins.load("writers", name).WRITER.encode(pixels, OutputInfo(), depth)


shapes = st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))
pictures = arrays.arrays(np.float32, shapes, elements=st.floats(0, 1, width=32))
lights = partial(arrays.arrays, np.float32, shapes)


@settings(PROFILE)
@given(pictures, st.sampled_from([("png", 8), ("png", 16), ("tiff", 8), ("tiff", 16)]))
def test_pictures_are_read_back_to_the_nearest_level(picture: np.ndarray, format_: tuple[str, int]) -> None:
    name, depth = format_
    file = encoded(name, picture, depth)
    found = imagecodecs.png_decode(file) if name == "png" else imagecodecs.imread(io.BytesIO(file).getvalue())
    assert found.shape == picture.shape
    white = 2**depth - 1
    assert np.abs(found - picture.astype(np.float64) * white).max() <= 0.5 + 1e-2


@settings(PROFILE)
@given(lights(elements=st.floats(0, width=32, allow_infinity=False, allow_nan=False)))
def test_light_is_read_back_exactly_from_floats(light: np.ndarray) -> None:
    found = OpenEXR.File(io.BytesIO(encoded("exr", light, 32))).channels()["RGB"].pixels
    np.testing.assert_array_equal(found, light)


@settings(PROFILE)
@given(lights(elements=st.floats(0, 60000, width=32)))
def test_light_is_read_back_to_half_floats(light: np.ndarray) -> None:
    found = OpenEXR.File(io.BytesIO(encoded("exr", light, 16))).channels()["RGB"].pixels
    np.testing.assert_array_equal(found, light.astype(np.float16))


@settings(PROFILE)
@given(lights(elements=st.one_of(st.just(0.0), st.floats(2.0**-60, 2.0**100, width=32))))
def test_light_is_read_back_within_a_step_of_radiance(light: np.ndarray) -> None:
    found = imagecodecs.rgbe_decode(encoded("hdr", light, 32))
    assert found.shape == light.shape
    step = light.max(axis=2, keepdims=True).astype(np.float64) / 128
    assert (np.abs(found.astype(np.float64) - light) <= step).all()
