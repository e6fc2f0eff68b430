"""fuse(): from files of a known scene to results in the promised units."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

import hdrcli
from hdrcli import inspection, transfer, weights
from hdrcli.cli.report import as_json
from hdrcli.errors import UsageError, WeightsError
from hdrcli.networks.dfgnet import DFGNet
from tests import formula, scenes

TIMES = [1 / 4, 1.0, 4.0]
SMALL = {"features": 4, "vector": 8}


def read_exr(path: Path) -> tuple[np.ndarray, dict[str, object]]:
    with OpenEXR.File(str(path)) as file:
        return np.array(file.channels()["RGB"].pixels, np.float32), dict(file.header())


@pytest.fixture(scope="module")
def network_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small DFGNet with weights by formula."""
    module = DFGNet(**SMALL)
    formula.fill(module)
    file = tmp_path_factory.mktemp("weights") / "small.safetensors"
    weights.save(module, file, "dfgnet", SMALL, {})
    return file


@pytest.fixture
def bracket(tmp_path: Path) -> Path:
    scenes.write_bracket(tmp_path / "hall", scenes.radiance(48, 80, stops=6), TIMES, levels=65535)
    return tmp_path / "hall"


def test_debevec_gives_the_scene_with_the_references_white_at_one(bracket: Path, tmp_path: Path) -> None:
    report = hdrcli.fuse(bracket, model="debevec", times=tuple(TIMES), output=tmp_path / "out")
    (result,) = report.brackets
    assert result.status == "done"
    pixels, header = read_exr(tmp_path / "out" / "hall.exr")
    np.testing.assert_allclose(pixels, scenes.radiance(48, 80, stops=6), rtol=0.01)
    assert header["hdrcli:model"] == "debevec"
    assert header["hdrcli:referred"] == "scene"
    assert header["hdrcli:exposureTimes"] == "0.25, 1, 4"
    assert cv2.imread(str(tmp_path / "out" / "hall.png")).shape == (48, 80, 3)


def test_frames_with_a_cameras_tone_curve_are_decoded_by_it_and_that_is_said(tmp_path: Path) -> None:
    scene = scenes.radiance(96, 160, stops=8)
    folder = tmp_path / "hall"
    folder.mkdir()
    for number, time in enumerate(TIMES):
        value = transfer.linear_to_srgb(np.clip(1.3 * scene * time / (0.3 + scene * time), 0, 1).astype(np.float32))
        cv2.imwrite(str(folder / f"{number}.png"), np.round(value[..., ::-1] * 255).astype(np.uint8))
    options = {"model": "debevec", "times": tuple(TIMES), "formats": ("exr",)}
    (result,) = hdrcli.fuse(folder, output=tmp_path / "out", **options).brackets
    assert any(note.startswith("camera tone curve estimated from the frames: misfit 0.") for note in result.notes)
    hdrcli.fuse(folder, output=tmp_path / "srgb", response="srgb", **options)
    seen = (scene > 0.02) & (scene < 2)  # well exposed in some frame

    def stops_off(name: str) -> float:
        wrong = np.log2(read_exr(tmp_path / name / "hall.exr")[0][seen] / scene[seen])
        return float(np.std(wrong))

    assert stops_off("srgb") > 0.2
    assert stops_off("out") < 0.05


def test_file_order_is_kept_apart_from_exposure_order(tmp_path: Path) -> None:
    scene = scenes.radiance(40, 64, stops=6)
    scenes.write_bracket(tmp_path / "b", scene, [4.0, 0.25, 1.0], levels=65535)
    report = hdrcli.fuse(
        tmp_path / "b", model="debevec", stops=(2, -2, 0), reference=3, output=tmp_path, formats=("exr",)
    )
    assert report.brackets[0].stops == pytest.approx((2, -2, 0))
    np.testing.assert_allclose(read_exr(tmp_path / "b.exr")[0], scene, rtol=0.01)


def test_the_unit_follows_the_reference(bracket: Path, tmp_path: Path) -> None:
    hdrcli.fuse(bracket, model="debevec", times=tuple(TIMES), reference=1, output=tmp_path / "dark", formats=("exr",))
    pixels, _ = read_exr(tmp_path / "dark" / "hall.exr")
    np.testing.assert_allclose(pixels, scenes.radiance(48, 80, stops=6) / 4, rtol=0.01)


def test_mertens_writes_its_picture_and_its_linear_light(bracket: Path, tmp_path: Path) -> None:
    report = hdrcli.fuse(bracket, model="mertens", output=tmp_path / "out", bit_depth=16)
    assert report.brackets[0].stops is None
    picture = cv2.imread(str(tmp_path / "out" / "hall.png"), cv2.IMREAD_UNCHANGED)[..., ::-1] / 65535
    light, header = read_exr(tmp_path / "out" / "hall.exr")
    np.testing.assert_allclose(light, transfer.srgb_to_linear(picture), rtol=2e-3, atol=1e-4)
    assert header["hdrcli:referred"] == "display"


@pytest.mark.parametrize("static_merge", ["auto", "off"])
def test_dfgnet_is_the_same_in_any_tiles(bracket: Path, tmp_path: Path, network_file: Path, static_merge: str) -> None:
    scene = scenes.radiance(48, 80, stops=6)
    scene[10:30, 10:30] *= 0.1  # what moved, without which nothing is asked of the network
    cv2.imwrite(str(bracket / "3.png"), np.ascontiguousarray(scenes.photograph(scene, TIMES[2], 65535)[..., ::-1]))
    made = {}
    for tile in (32, 64, "off"):
        out = tmp_path / str(tile)
        report = hdrcli.fuse(
            bracket,
            model="dfgnet",
            weights=str(network_file),
            times=tuple(TIMES),
            tile=tile,
            output=out,
            formats=("exr",),
            precision="fp32",
            static_merge=static_merge,
            align="off",
        )
        assert report.brackets[0].status == "done", report.brackets[0].error
        made[tile], header = read_exr(out / "hall.exr")
        assert header["hdrcli:weightsSha256"] == weights.digest(network_file)
    # the file's half precision has steps of up to 1/512 of a value above 2
    np.testing.assert_allclose(made[32], made["off"], atol=1e-4, rtol=1e-3)
    np.testing.assert_allclose(made[64], made["off"], atol=1e-4, rtol=1e-3)


def test_static_merge_brings_the_scene_back(bracket: Path, tmp_path: Path, network_file: Path) -> None:
    """A network of arbitrary weights is far off; a scene without motion is still merged right."""
    options = {"model": "dfgnet", "weights": str(network_file), "times": tuple(TIMES), "formats": ("exr",)}
    hdrcli.fuse(bracket, output=tmp_path / "off", static_merge="off", **options)
    hdrcli.fuse(bracket, output=tmp_path / "auto", **options)
    scene = scenes.radiance(48, 80, stops=6)
    by_network = np.abs(read_exr(tmp_path / "off" / "hall.exr")[0] / scene - 1)
    merged = np.abs(read_exr(tmp_path / "auto" / "hall.exr")[0] / scene - 1)
    assert np.median(merged) < 0.02 < np.median(by_network)


def test_more_frames_than_the_network_takes_are_chosen_and_named(tmp_path: Path, network_file: Path) -> None:
    times = [1 / 16, 1 / 4, 1.0, 4.0, 16.0]
    scenes.write_bracket(tmp_path / "five", scenes.radiance(40, 64), times)
    report = hdrcli.fuse(
        tmp_path / "five",
        model="dfgnet",
        weights=str(network_file),
        times=tuple(times),
        output=tmp_path / "out",
        static_merge="off",
    )
    assert "dfgnet saw 1.png, 2.png, 4.png" in report.brackets[0].notes


def test_a_bad_bracket_does_not_stop_the_others(bracket: Path, tmp_path: Path) -> None:
    shoot = tmp_path / "shoot"
    for name in ("a", "b", "c"):
        scenes.write_bracket(shoot / name, scenes.radiance(24, 32), TIMES)
    broken = shoot / "b" / "2.png"
    broken.write_bytes(broken.read_bytes()[:-40])
    report = hdrcli.fuse(shoot, model="mertens", output=tmp_path / "out")
    assert [result.status for result in report.brackets] == ["done", "failed", "done"]
    assert "2.png" in report.failed[0].error.message
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("a.exr", "a.png", "c.exr", "c.png", "fused.json")
    ]


def test_existing_results_are_kept_skipped_or_replaced_as_asked(bracket: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = {"model": "mertens", "output": out, "formats": ("png",)}
    hdrcli.fuse(bracket, **options)
    first = (out / "hall.png").read_bytes()
    (out / "hall.png").write_bytes(b"mine")
    assert hdrcli.fuse(bracket, **options).brackets[0].status == "failed"
    assert hdrcli.fuse(bracket, skip_existing=True, **options).brackets[0].status == "skipped"
    assert (out / "hall.png").read_bytes() == b"mine"
    assert hdrcli.fuse(bracket, overwrite=True, **options).brackets[0].status == "done"
    assert (out / "hall.png").read_bytes() == first


@pytest.mark.parametrize("options", [{}, {"skip_existing": True}, {"overwrite": True}])
def test_a_folder_of_an_outputs_name_is_an_error(bracket: Path, tmp_path: Path, options: dict[str, bool]) -> None:
    (tmp_path / "out" / "hall.png").mkdir(parents=True)
    (result,) = hdrcli.fuse(bracket, model="mertens", output=tmp_path / "out", **options).brackets
    assert (result.status, result.error.message) == ("failed", f"{tmp_path / 'out' / 'hall.png'} is a folder.")
    assert not (tmp_path / "out" / "hall.exr").exists()


def test_an_empty_file_and_a_link_to_nothing_are_no_results(bracket: Path, tmp_path: Path) -> None:
    options = {"model": "mertens", "output": tmp_path / "out"}
    hdrcli.fuse(bracket, **options)
    (tmp_path / "out" / "hall.png").write_bytes(b"")
    (tmp_path / "out" / "hall.exr").unlink()
    (tmp_path / "out" / "hall.exr").symlink_to("nowhere")
    assert hdrcli.fuse(bracket, **options).brackets[0].status == "failed"
    assert hdrcli.fuse(bracket, skip_existing=True, **options).brackets[0].status == "done"
    assert all((tmp_path / "out" / f"hall.{name}").stat().st_size for name in ("png", "exr"))


def test_an_output_that_is_a_frame_is_refused(bracket: Path, tmp_path: Path) -> None:
    scenes.write_bracket(tmp_path / "1", scenes.radiance(24, 32), TIMES)
    before = (tmp_path / "1" / "1.png").read_bytes()
    (result,) = hdrcli.fuse(tmp_path / "1", model="mertens", output=tmp_path / "1", overwrite=True).brackets
    assert result.status == "failed"
    assert "is one of the inputs" in result.error.message
    assert (tmp_path / "1" / "1.png").read_bytes() == before


def test_results_in_the_input_folder_are_no_bracket_next_time(bracket: Path, tmp_path: Path) -> None:
    hdrcli.fuse(bracket.parent, model="mertens", output=bracket.parent / "fused")
    report = hdrcli.fuse(bracket.parent, model="mertens", output=bracket.parent / "fused", dry_run=True, overwrite=True)
    assert [result.name for result in report.brackets] == ["hall"]


def test_results_beside_the_frames_are_no_frames_next_time(bracket: Path, tmp_path: Path) -> None:
    """As in `hdrcli fuse . -o .`, and in another run to another folder."""
    first = hdrcli.fuse(bracket, model="mertens", output=bracket, formats=("png", "jpg"))
    again = hdrcli.fuse(bracket, model="mertens", output=bracket, formats=("png", "jpg"), skip_existing=True)
    assert [(one.name, one.status) for one in (*first.brackets, *again.brackets)] == [
        ("hall", "done"),
        ("hall", "skipped"),
    ]
    hdrcli.fuse(bracket, model="mertens", output=bracket / "other")
    other = hdrcli.fuse(bracket, model="mertens", output=tmp_path / "out")
    assert [(one.name, len(one.inputs)) for one in other.brackets] == [("hall", 3)]
    names = ", ".join(str(bracket / name) for name in ("hall.jpg", "hall.png", "other/hall.exr", "other/hall.png"))
    assert other.notes == (f"Results of earlier runs are no frames and are left: {names}.",)


def test_jobs_make_the_same_files(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        scenes.write_bracket(tmp_path / "shoot" / name, scenes.radiance(24 + ord(name) % 5, 32), TIMES)
    for jobs in (1, 3):
        hdrcli.fuse(tmp_path / "shoot", model="mertens", output=tmp_path / str(jobs), jobs=jobs)
    for path in (tmp_path / "1").glob("?.*"):
        assert path.read_bytes() == (tmp_path / "3" / path.name).read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        {"model": "dfgnett"},
        {"formats": ("pmg",)},
        {"tone_map": "nice"},
        {"tile": 3},
        {"jobs": 0},
        {"response": "gamma:0"},
        {"times": (1, 2), "stops": (0, 1)},
        {"overwrite": True, "skip_existing": True},
        {"reference": 0},
        {"align": "maybe"},
    ],
    ids=lambda options: json.dumps(list(options)),
)
def test_options_that_cannot_be_meant_are_refused(bracket: Path, tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        hdrcli.fuse(bracket, output=tmp_path / "out", **options)
    assert caught.value.hint
    assert not (tmp_path / "out").exists()


def test_example_vestibule_is_planned_from_its_exif(tmp_path: Path) -> None:
    report = hdrcli.fuse(Path(__file__).parents[1] / "examples" / "vestibule", dry_run=True, output=tmp_path)
    (result,) = report.brackets
    assert result.status == "planned"
    assert result.model == "dfgnet"
    assert result.stops == pytest.approx((-3, 0, 3), abs=1e-6)


@pytest.fixture
def still(tmp_path: Path) -> Path:
    """A bracket in which nothing moves, with its times beside it."""
    scenes.write_bracket(tmp_path / "hall", scenes.radiance(96, 160, stops=6), TIMES)
    (tmp_path / "hall" / "times.txt").write_text("0.25,1,4")
    return tmp_path / "hall"


@pytest.fixture
def moving(still: Path) -> Path:
    """The same with a box that is elsewhere in the brightest frame."""
    scene = scenes.radiance(96, 160, stops=6)
    scene[30:60, 30:60] *= 0.3
    cv2.imwrite(str(still / "3.png"), np.ascontiguousarray(scenes.photograph(scene, TIMES[2])[..., ::-1]))
    return still


def model_notes(result: hdrcli.pipeline.BracketResult) -> list[str]:
    return [note for note in result.notes if note.startswith("model ")]


def test_auto_merges_where_nothing_moved(still: Path, tmp_path: Path, network_file: Path) -> None:
    options = {"weights": str(network_file), "output": tmp_path / "out", "formats": ("exr",)}
    (planned,) = hdrcli.fuse(still, dry_run=True, **options).brackets
    assert planned.model == "dfgnet"
    assert model_notes(planned)[0].endswith("(debevec if nothing moves)")
    (result,) = hdrcli.fuse(still, **options).brackets
    assert result.model == "debevec"
    assert model_notes(result) == ["model debevec: nothing moved between the frames"]
    pixels, header = read_exr(tmp_path / "out" / "hall.exr")
    assert header["hdrcli:model"] == "debevec"
    assert "hdrcli:weightsSha256" not in header
    np.testing.assert_allclose(np.median(pixels / scenes.radiance(96, 160, stops=6)), 1, rtol=0.01)


def test_auto_takes_the_network_where_something_moved(moving: Path, tmp_path: Path, network_file: Path) -> None:
    (result,) = hdrcli.fuse(moving, weights=str(network_file), output=tmp_path / "out", formats=("exr",)).brackets
    assert (result.status, result.model) == ("done", "dfgnet")
    (note,) = model_notes(result)
    share = float(
        re.fullmatch(r"model dfgnet: (.+) % of the picture moved; the rest is the merge of all frames", note)[1]
    )
    assert share == pytest.approx(100 * 30 * 30 / (96 * 160), rel=0.35)
    assert read_exr(tmp_path / "out" / "hall.exr")[1]["hdrcli:model"] == "dfgnet"


def _blots(random: np.random.Generator) -> np.ndarray:
    """(300, 300, 3) grey texture of coarse and fine blots, in stops."""
    sizes = ((size, size) for size in (20, 50))
    coarse, fine = (cv2.resize(random.normal(size=size), (300, 300), interpolation=cv2.INTER_CUBIC) for size in sizes)
    return (coarse + fine)[..., None].repeat(3, 2)


def test_a_camera_that_moved_is_told_from_things_that_moved(tmp_path: Path, network_file: Path) -> None:
    scene = (0.15 * 2.0 ** _blots(np.random.default_rng(5))).astype(np.float32)
    (tmp_path / "hall").mkdir()
    for number, (time, shift) in enumerate(zip(TIMES, (0, 4, 11), strict=True), 1):
        frame = scenes.photograph(scene[shift : shift + 240, 20 - shift : 260 - shift], time)
        cv2.imwrite(str(tmp_path / "hall" / f"{number}.png"), np.ascontiguousarray(frame[..., ::-1]))
    options = {"weights": str(network_file), "times": tuple(TIMES), "formats": ("exr",), "overwrite": True}
    (aligned,) = hdrcli.fuse(tmp_path / "hall", output=tmp_path / "out", **options).brackets
    assert aligned.model == "debevec"
    assert model_notes(aligned) == ["model debevec: nothing moved between the frames"]
    (not_aligned,) = hdrcli.fuse(tmp_path / "hall", output=tmp_path / "out", align="off", **options).brackets
    assert not_aligned.model == "dfgnet"
    assert "% of the picture moved" in model_notes(not_aligned)[0]


@pytest.mark.parametrize("given", ["times", "EXIF"])
def test_a_frame_that_was_left_out_is_nowhere_told_of_as_used(tmp_path: Path, given: str) -> None:
    """2.jpg, the darkest, shows something else: neither its time nor its name is in a result."""
    times, random = [1.0, 1 / 4, 4.0], np.random.default_rng(3)
    scene, other = ((0.15 * 2.0 ** _blots(random)).astype(np.float32) for _ in range(2))
    (tmp_path / "hall").mkdir()
    for number, time in enumerate(times, 1):
        exif = Image.Exif()
        exif[0x8769] = {0x829A: IFDRational(*Fraction(time).as_integer_ratio())}
        pixels = scenes.photograph(other if number == 2 else scene, time)
        Image.fromarray(pixels).save(tmp_path / "hall" / f"{number}.jpg", exif=exif, quality=95)
    options = {"times": tuple(times)} if given == "times" else {}
    report = hdrcli.fuse(tmp_path / "hall", model="debevec", output=tmp_path, align="homography", **options)
    (result,) = report.brackets
    assert (result.status, len(result.inputs), len(result.stops)) == ("done", 3, 3)
    assert result.left_out == (tmp_path / "hall" / "2.jpg",)
    assert as_json(report)["brackets"][0]["left_out"] == [str(tmp_path / "hall" / "2.jpg")]
    header = read_exr(tmp_path / "hall.exr")[1]
    assert header["hdrcli:exposureTimes"] == "1, 4"
    assert header["hdrcli:sources"] == "1.jpg, 3.jpg"
    assert len(header["hdrcli:stops"].split(", ")) == 2
    assert "2.jpg" not in header["xmp"]
    hdrcli.fuse(tmp_path / "hall", model="debevec", output=tmp_path, align="off", overwrite=True, **options)
    assert read_exr(tmp_path / "hall.exr")[1]["hdrcli:exposureTimes"] == "0.25, 1, 4"


@pytest.mark.parametrize(("value", "word"), [(0, "black"), (255, "white")])
def test_a_frame_that_shows_nothing_has_no_part(
    tmp_path: Path, value: int, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A lens cap, or a flash, between two frames: their light is that of the two without it."""
    scene = scenes.radiance(96, 128, stops=5)
    scenes.write_bracket(tmp_path / "two", scene, [1 / 4, 1])
    scenes.write_bracket(tmp_path / "three", scene, [1 / 4, 1])
    cv2.imwrite(str(tmp_path / "three" / "3.png"), np.full((96, 128, 3), value, np.uint8))
    for name, times in (("two", (0.25, 1)), ("three", (0.25, 1, 0.5))):
        hdrcli.fuse(tmp_path / name, model="debevec", times=times, output=tmp_path)
    assert f"3.png is {word} all over; left out" in caplog.text
    np.testing.assert_array_equal(read_exr(tmp_path / "three.exr")[0], read_exr(tmp_path / "two.exr")[0])
    (result,) = hdrcli.fuse(tmp_path / "three", model="dfgnet", times=(0.25, 1, 0.5), output=tmp_path / "n").brackets
    assert str(result.error) == f"three: 3.png is {word} all over, and dfgnet takes at least 3 frames."
    inspected = inspection.inspect([tmp_path / "three"], model="debevec", times=(0.25, 1, 0.5))
    assert [frame.stops is None for frame in inspected.brackets[0].frames] == [False, False, True]


def test_a_curve_is_not_estimated_from_steps_that_are_all_doubted(tmp_path: Path) -> None:
    """Of wrong times and a curve no pixels tell which is which: the steps are those that sRGB tells."""
    scene = scenes.radiance(256, 320, stops=6)
    scenes.write_shots(tmp_path / "b", scene, [1 / 400, 1 / 100, 1 / 25])
    for number, time in enumerate((1 / 25, 1 / 400, 1 / 100), 1):
        file = tmp_path / "b" / f"{number}.jpg"
        exif = Image.Exif()
        exif[0x8769] = {0x829A: IFDRational(round(time * 10_000), 10_000)}
        with Image.open(file) as frame:
            frame.save(file, exif=exif, quality="keep")
    (result,) = hdrcli.fuse(tmp_path / "b", model="debevec", output=tmp_path, size=3).brackets
    assert max(result.stops) - min(result.stops) == pytest.approx(4, abs=0.1)


def test_the_header_says_how_bright_white_is(tmp_path: Path) -> None:
    """`whiteLuminance`, cd/m^2 of 1.0: 1/100 s at f/8 and ISO 100, as a light meter has it."""
    scenes.write_shots(tmp_path / "b", scenes.radiance(64, 80, stops=6), [1 / 400, 1 / 100, 1 / 25])
    hdrcli.fuse(tmp_path / "b", model="debevec", output=tmp_path)
    assert read_exr(tmp_path / "b.exr")[1]["whiteLuminance"] == pytest.approx(12.5 / 0.18 * 64, rel=1e-3)


@pytest.mark.parametrize("model", ["mertens", "lightfuse"])
def test_fusers_that_ghost_say_so(moving: Path, tmp_path: Path, model: str, caplog: pytest.LogCaptureFixture) -> None:
    hdrcli.fuse(moving, model=model, output=tmp_path / "out")
    assert re.search(
        rf"hall: \d+(\.\d+)? % of the picture moved, which {model} shows twice; -m dfgnet has no ghosts", caplog.text
    )


@pytest.mark.parametrize("model", ["mertens", "lightfuse"])
def test_fusers_of_a_still_scene_say_nothing(
    still: Path, tmp_path: Path, model: str, caplog: pytest.LogCaptureFixture
) -> None:
    hdrcli.fuse(still, model=model, output=tmp_path / "out")
    assert "moved" not in caplog.text


def test_auto_checks_the_network_before_it_looks_for_motion(still: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError):
        hdrcli.fuse(still, weights=str(tmp_path / "none.safetensors"), output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_frames_are_merged_without_a_look_at_motion(moving: Path, tmp_path: Path) -> None:
    frames = [moving / "1.png", moving / "3.png"]
    (result,) = hdrcli.fuse(frames, times=(0.25, 4), output=tmp_path / "out", formats=("png",)).brackets
    assert result.model == "debevec"
    assert model_notes(result)[0].endswith("there are too few frames for dfgnet")


def test_exposures_that_run_against_the_light_are_refused_or_done_without(bracket: Path, tmp_path: Path) -> None:
    """1/time taken for time: a radiance map of it would be nonsense."""
    inverted = tuple(1 / time for time in TIMES)
    (result,) = hdrcli.fuse(bracket, model="debevec", times=inverted, output=tmp_path / "out").brackets
    assert result.status == "failed"
    assert "3.png has the least exposure by --times but is brighter than 1.png" in result.error.message
    assert not (tmp_path / "out").exists()
    (result,) = hdrcli.fuse(bracket, model="mertens", times=inverted, output=tmp_path / "out").brackets
    assert result.status == "done"
    assert result.stops is None


def test_frames_that_belie_their_exposures_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scene = scenes.radiance(256, 320, stops=6)
    scenes.write_bracket(tmp_path / "b", scene, TIMES, levels=65535)
    hdrcli.fuse(tmp_path / "b", model="debevec", times=(1 / 16, 1, 16), output=tmp_path / "out")
    assert "look 2.0 stops apart where their exposures say 4.0" in caplog.text
    caplog.clear()
    hdrcli.fuse(tmp_path / "b", model="debevec", times=tuple(TIMES), output=tmp_path / "out", overwrite=True)
    assert "stops apart" not in caplog.text


def test_stops_are_relative_to_the_reference_that_was_used(bracket: Path, tmp_path: Path) -> None:
    (result,) = hdrcli.fuse(bracket, model="debevec", times=tuple(TIMES), reference=3, output=tmp_path).brackets
    assert result.stops == pytest.approx((-4, -2, 0))


@pytest.mark.parametrize("model", ["mertens", "lightfuse", "twophase"])
def test_a_prior_for_a_model_without_priors_is_refused(still: Path, tmp_path: Path, model: str) -> None:
    with pytest.raises(UsageError, match="--prior"):
        hdrcli.fuse(still, model=model, prior="none", output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_for_a_classical_fuser_are_refused(still: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--weights is for networks; debevec is none"):
        hdrcli.fuse(still, model="debevec", weights="cc", output=tmp_path / "out")
