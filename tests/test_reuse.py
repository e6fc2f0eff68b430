"""--skip-existing by fused.json: kept, fused again or refused, and said."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

import hdrcli
from hdrcli import inference, reuse, weights
from hdrcli.adjustments import Adjustments
from hdrcli.cli.app import app
from hdrcli.networks.dfgnet import DFGNet
from hdrcli.pipeline import BracketResult, FuseReport
from hdrcli.settings import FuseSettings
from tests import formula, scenes

TIMES = [1 / 4, 1.0, 4.0]
OPTIONS: dict[str, Any] = {"model": "debevec", "times": tuple(TIMES)}


@pytest.fixture
def hall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bracket and, in ./fused, what was made of it."""
    monkeypatch.chdir(tmp_path)
    scenes.write_bracket(Path("hall"), scenes.radiance(24, 32), TIMES)
    assert fuse(skip_existing=False).status == "done"
    return Path("hall")


def report(paths: str = "hall", **options: Any) -> FuseReport:
    return hdrcli.fuse(paths, **{**OPTIONS, "skip_existing": True, **options})


def fuse(paths: str = "hall", **options: Any) -> BracketResult:
    (result,) = report(paths, **options).brackets
    return result


def again(result: BracketResult) -> str:
    """Why a bracket was fused again."""
    assert result.status == "done", (result.status, result.error)
    (why,) = [note.removeprefix("fused again: ") for note in result.notes if note.startswith("fused again: ")]
    return why


def states() -> dict[str, tuple[bytes, int]]:
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in Path("fused").iterdir()}


def manifest() -> list[dict[str, Any]]:
    return json.loads(Path("fused/fused.json").read_text())["made"]


def other_scene(frame: Path) -> None:
    """Another picture under the frame's name."""
    scenes.write_bracket(frame.parent / "other", scenes.radiance(24, 32)[::-1], [TIMES[int(frame.stem) - 1]])
    (frame.parent / "other" / "1.png").replace(frame)
    (frame.parent / "other").rmdir()


def test_the_manifest_says_how_it_was_made(hall: Path) -> None:
    content = json.loads(Path("fused/fused.json").read_text())
    (made,) = content.pop("made")
    assert content == {"format": "hdrcli-fused", "version": 1}
    assert (made["bracket"], made["model"], made["weights"]) == ("hall", "debevec", None)
    assert made["hdrcli"] == hdrcli.__version__
    assert made["stops"] == [-2.0, 0.0, 2.0]
    assert list(made["inputs"]) == ["../hall/1.png", "../hall/2.png", "../hall/3.png"]
    assert list(made["outputs"]) == ["hall.exr", "hall.png"]
    for name, state in [*made["inputs"].items(), *made["outputs"].items()]:
        file = Path("fused") / name
        assert state["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert (state["size"], state["modified"]) == (file.stat().st_size, file.stat().st_mtime_ns)
    assert made["settings"]["tone_map"] == "natural"
    assert not {"tile", "jobs", "device", "output", "formats"} & made["settings"].keys()


def test_what_is_there_is_skipped_and_nothing_is_touched(hall: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = states()

    def read(*_: object) -> None:
        raise AssertionError("a file was read to know what its size and time tell")

    monkeypatch.setattr(hdrcli.manifest.FileState, "of", read)
    result = fuse(tile=64, jobs=2, device="cpu", gap=9.0, precision="fp32")
    assert (result.status, result.notes) == ("skipped", ())
    assert states() == before


def test_copies_and_folders_that_moved_are_known_by_content(hall: Path) -> None:
    for path in [*hall.iterdir(), *Path("fused").glob("hall.*")]:
        os.utime(path, ns=(1, 1))
    assert fuse().status == "skipped"
    shutil.copytree("hall", "elsewhere/hall")
    assert fuse("elsewhere/hall").status == "skipped"
    Path("deeper").mkdir()
    shutil.move("hall", "deeper/hall")
    shutil.move("fused", "deeper/fused")
    assert fuse("deeper/hall", output="deeper/fused").notes == ()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"tone_map": "drago"}, "--tone-map was natural, is drago"),
        ({"model": "mertens"}, "--model was debevec, is mertens"),
        ({"times": (0.25, 1, 8)}, "the exposures are others"),
        ({"times": None, "stops": (-2, 0, 3)}, "the exposures are others"),
        ({"reference": 1}, "--reference was auto, is 1"),
        ({"response": "gamma:2.2"}, "--response was auto, is gamma:2.2"),
        ({"bit_depth": 16}, "--bit-depth was not given, is 16"),
        ({"adjustments": Adjustments(exposure=0.5)}, "--exposure was 0, is 0.5"),
        (
            {"adjustments": Adjustments(saturation=-20, tint=1e-5)},
            "--saturation was 0, is -20; --tint was 0, is 1e-05",
        ),
    ],
)
def test_changed_settings_make_it_again_and_say_why(hall: Path, options: dict[str, Any], why: str) -> None:
    (planned,) = report(dry_run=True, **options).brackets
    assert (planned.status, f"fused again: {why}" in planned.notes) == ("planned", True)
    assert again(fuse(**options)) == why
    assert fuse(**options).status == "skipped"
    fresh = fuse(output="fresh", **options)
    assert [Path(one).read_bytes() for one in fresh.outputs] == [
        (Path("fused") / one.name).read_bytes() for one in fresh.outputs
    ]


def test_the_same_exposures_said_otherwise_are_no_change(hall: Path) -> None:
    assert fuse(times=None, stops=(-1, 1, 3)).status == "skipped"
    (hall / "times.txt").write_text("0.25,1,4")
    assert fuse(times=None).status == "skipped"
    (hall / "times.txt").write_text("0.25,1,8")
    assert again(fuse(times=None)) == "the exposures are others"


def test_changed_frames_make_it_again_and_say_which(hall: Path) -> None:
    other_scene(hall / "2.png")
    assert again(fuse()) == "2.png has changed"
    scenes.write_bracket(hall, scenes.radiance(24, 32), [*TIMES, 16.0])
    assert again(fuse(times=(0.25, 1, 4, 16))) == "4.png is new"
    (hall / "4.png").unlink()
    assert again(fuse()) == "4.png is gone"
    assert fuse().status == "skipped"


def test_results_of_other_frames_are_never_replaced(hall: Path) -> None:
    """Another shoot with a bracket of that name, into the same folder."""
    scenes.write_bracket(Path("other/hall"), scenes.radiance(24, 32)[::-1], TIMES)
    before = states()
    result = fuse("other/hall")
    assert result.status == "failed"
    assert result.error.message == "fused/hall.png was made of other frames, such as ../hall/1.png."
    assert "--output" in result.error.hint
    assert states() == before
    assert fuse("other/hall", skip_existing=False, overwrite=True).status == "done"
    assert fuse("other/hall").status == "skipped"


def test_a_result_edited_by_hand_is_kept_and_never_replaced_unasked(hall: Path) -> None:
    Path("fused/hall.png").write_text("retouched")
    kept = fuse()
    assert (kept.status, kept.notes) == ("skipped", ("fused/hall.png is not as hdrcli wrote it, and is kept",))
    refused = fuse(tone_map="drago")
    assert refused.status == "failed"
    assert refused.error.message.startswith(
        "fused/hall.png is not as hdrcli wrote it, and would be another now: --tone"
    )
    assert "--overwrite" in refused.error.hint
    assert Path("fused/hall.png").read_text() == "retouched"
    assert fuse(tone_map="drago", skip_existing=False, overwrite=True).status == "done"
    assert fuse(tone_map="drago").notes == ()


def test_only_the_missing_format_is_made(hall: Path) -> None:
    before = states()
    result = fuse(formats=("png", "exr", "jpg"))
    assert (result.status, result.notes[0]) == ("done", "hall.jpg was missing")
    after = states()
    assert after.keys() == {*before, "hall.jpg"}
    assert (after["hall.png"], after["hall.exr"]) == (before["hall.png"], before["hall.exr"])
    (one,) = manifest()
    assert list(one["outputs"]) == ["hall.exr", "hall.jpg", "hall.png"]


def test_each_format_goes_by_its_own_settings(hall: Path) -> None:
    assert fuse(formats=("jpg",), tone_map="drago").status == "done"
    assert fuse(formats=("png", "exr")).status == "skipped"
    assert again(fuse(formats=("png", "jpg"))) == "--tone-map was drago, is natural"


def test_results_without_a_manifest_are_kept_and_that_is_said(hall: Path) -> None:
    Path("fused/fused.json").unlink()
    before = states()
    known = report()
    assert known.brackets[0].status == "skipped"
    assert known.notes == (
        "Outputs that fused.json tells nothing of are kept as they are: fused/hall.png, fused/hall.exr.",
    )
    assert states() == before
    Path("fused/hall.exr").unlink()
    assert fuse().status == "done"
    assert states()["hall.png"] == before["hall.png"]
    assert [list(one["outputs"]) for one in manifest()] == [["hall.exr"]]


def test_results_of_another_version_are_kept_and_that_is_said(hall: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdrcli, "__version__", "99.0")
    known = report()
    assert known.brackets[0].status == "skipped"
    assert known.notes == ("Some outputs that are kept were made by hdrcli 0.1.0.",)


def test_an_option_of_a_later_version_was_at_its_default(hall: Path) -> None:
    """A setting that the manifest does not know of."""
    file = Path("fused/fused.json")
    content = json.loads(file.read_text())
    del content["made"][0]["settings"]["align"]
    file.write_text(json.dumps(content))
    assert fuse().status == "skipped"
    assert again(fuse(align="mtb")) == "--align was auto, is mtb"


def test_controls_of_the_picture_are_told_by_their_options(hall: Path) -> None:
    asked = {"adjustments": Adjustments(exposure=0.5, warmth=10, strength=30)}
    assert fuse(**asked, skip_existing=False, overwrite=True).status == "done"
    why = "--exposure was 0.5, is 0; --warmth was 10, is -2"
    assert again(fuse(adjustments=Adjustments(warmth=-2, strength=30))) == why
    assert again(fuse()) == "--warmth was -2, is 0; --strength was 30, is 0"


def test_what_is_told_is_an_option_that_one_can_type() -> None:
    options = {option for one in typer.main.get_command(app).commands["fuse"].params for option in one.opts}
    words = [reuse._change(one.name, None, 1) for one in fields(FuseSettings) if one.name not in reuse._NO_PIXELS]
    words += [reuse._change("adjustments", "", f"{one.name} +1") for one in fields(Adjustments)]
    words.remove("the controls of the picture are others")
    assert {word.split(" ")[0] for word in words} <= options


def test_a_manifest_of_before_there_were_controls(hall: Path) -> None:
    file = Path("fused/fused.json")
    content = json.loads(file.read_text())
    del content["made"][0]["settings"]["adjustments"]
    file.write_text(json.dumps(content))
    assert fuse().status == "skipped"
    content["made"][0]["settings"]["adjustments"] = 3
    file.write_text(json.dumps(content))
    assert again(fuse()) == "the controls of the picture are others"


@pytest.fixture
def network_file(tmp_path: Path) -> Path:
    return write_network(tmp_path / "small.safetensors", 4)


def write_network(file: Path, features: int) -> Path:
    settings = {"features": features, "vector": 8}
    module = DFGNet(**settings)
    formula.fill(module)
    weights.save(module, file, "dfgnet", settings, {})
    return file


def test_other_weights_under_the_same_name_are_a_change(hall: Path, network_file: Path) -> None:
    options = {"model": "dfgnet", "weights": "small.safetensors", "output": "net", "static_merge": "off"}
    assert fuse(**options).status == "done"
    made = json.loads(Path("net/fused.json").read_text())["made"][0]
    assert made["weights"] == weights.digest(network_file)
    assert fuse(**options).status == "skipped"
    assert fuse(**options, tile=32).status == "skipped"
    write_network(network_file, 6)
    inference._loaded.cache_clear()
    assert again(fuse(**options)) == "the weights of dfgnet are others"
    assert again(fuse(**{**options, "static_merge": "auto"})) == "--static-merge was off, is auto"


def test_auto_and_the_model_it_took_are_the_same(hall: Path) -> None:
    """Two frames: auto needs no look at motion to settle on debevec; with three it does."""
    pair = {"paths": ["hall/1.png", "hall/3.png"], "times": (0.25, 4), "output": "pair"}
    assert fuse(**pair, model="auto").model == "debevec"
    assert fuse(**pair, model="auto").status == "skipped"
    assert fuse(**pair, model="debevec").status == "skipped"
    assert again(fuse(**pair, model="mertens")) == "--model was auto, is mertens"
    assert fuse(**pair, model="debevec").status == "done"
    assert fuse(**pair, model="auto").status == "skipped"
    assert fuse(model="auto", dry_run=True).notes[-1] == "fused again: --model was debevec, is auto"


def test_what_is_skipped_is_told_with_the_model_that_made_it(hall: Path, network_file: Path) -> None:
    options = {"model": "auto", "weights": "small.safetensors", "output": "auto"}
    assert fuse(**options).model == "debevec"
    assert (fuse(**options).status, fuse(**options).model) == ("skipped", "debevec")
