"""Pages of `fuse` and `eval`: whole, escaped, bounded, and true to the files."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import Image

import hdrcli
from hdrcli import plugins
from hdrcli.errors import UsageError, WriteError
from hdrcli.page import EvaluatedPage, FusedPage, document, pictures
from hdrcli.page.contents import Page, Scene
from tests import scenes
from tests.conftest import MakeBracket
from tests.evaluation.images import light, write_exr
from tests.page import pages


def fused(path: Path, *inputs: Path, **options: object) -> pages.Parsed:
    """The page of a run of `fuse`."""
    page = FusedPage(path)
    given = {"model": "debevec", "output": path.parent / "fused", **options}
    report = hdrcli.fuse(inputs, on_plans=page.expect, on_fused=page.add, **given)
    assert page.write(report), [result.error for result in report.brackets]
    return pages.read(path)


@pytest.fixture
def bracket(tmp_path: Path, make_bracket: MakeBracket) -> Path:
    return make_bracket(tmp_path / "shed", height=60, width=90)


def test_a_page_is_whole_and_reaches_for_nothing(tmp_path: Path, bracket: Path) -> None:
    parsed = fused(tmp_path / "page.html", bracket)
    assert parsed.open == []
    for element in parsed.elements:
        for name, value in element.attributes.items():
            assert name != "style"
            assert not name.startswith("on"), "no handlers in attributes"
            if name in ("src", "href", "action", "data"):
                assert value is not None
                assert value.startswith(("data:image/", "#"))
    assert not re.search(r"@import|url\(", parsed.all("style")[0].text)
    assert not re.search(r"https?://", parsed.all("script")[-1].text)


def test_the_policy_allows_what_the_page_holds_and_nothing_else(tmp_path: Path, bracket: Path) -> None:
    parsed = fused(tmp_path / "page.html", bracket)
    (policy,) = (one.attributes["content"] or "" for one in parsed.all("meta") if "http-equiv" in one.attributes)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for rule, text in (("style-src", parsed.all("style")[0].text), ("script-src", parsed.all("script")[-1].text)):
        assert rules[rule] == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_digests_are_those_of_the_files(tmp_path: Path, bracket: Path) -> None:
    parsed = fused(tmp_path / "page.html", bracket)
    told = {one.text for one in parsed.all("code")}
    files = [*bracket.iterdir(), tmp_path / "fused/shed.png", tmp_path / "fused/shed.exr"]
    assert told == {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_frames_stand_with_their_exposures_darkest_first(tmp_path: Path, bracket: Path) -> None:
    (scene,) = fused(tmp_path / "page.html", bracket).views()
    assert [one["name"] for one in scene["others"]] == ["frame1.jpg", "frame2.jpg", "frame3.jpg"]
    assert [one["stops"] for one in scene["others"]] == pytest.approx([-2, 0, 2], abs=0.01)


def test_frames_that_are_not_srgb_are_not_shown_as_if_their_light_were(tmp_path: Path, bracket: Path) -> None:
    (scene,) = fused(tmp_path / "page.html", bracket, response="gamma:1.8").views()
    assert [one["stops"] for one in scene["others"]] == [None, None, None]


def test_masks_are_where_a_frame_is_white_or_black(tmp_path: Path, bracket: Path) -> None:
    (scene,) = fused(tmp_path / "page.html", bracket).views()
    frame = np.asarray(Image.open(bracket / "frame3.jpg"))
    for name, lost in (("clipped", frame.max(-1) >= 0.98 * 255), ("dark", frame.max(-1) <= 0.02 * 255)):
        mask = scene["others"][2][name]
        drawn = np.zeros(lost.shape, bool) if mask is None else pages.picture(mask)[..., 3] > 0
        np.testing.assert_array_equal(drawn, lost)
    assert scene["others"][2]["clipped"] is not None


def test_the_light_of_the_page_is_that_of_the_exr(tmp_path: Path, bracket: Path) -> None:
    (scene,) = fused(tmp_path / "page.html", bracket).views()
    with OpenEXR.File(str(tmp_path / "fused/shed.exr")) as file:
        written = file.channels()["RGB"].pixels.astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(pages.unpacked(scene["results"][0]["light"]), written)


def test_a_picture_has_no_light_to_show(tmp_path: Path, bracket: Path) -> None:
    (scene,) = fused(tmp_path / "page.html", bracket, model="mertens").views()
    assert scene["results"][0]["light"] is None


def test_brackets_that_failed_are_told_of(tmp_path: Path, bracket: Path, make_bracket: MakeBracket) -> None:
    broken = make_bracket(tmp_path / "broken")
    (broken / "frame2.jpg").write_bytes((broken / "frame2.jpg").read_bytes()[:-200])
    parsed = fused(tmp_path / "page.html", bracket, broken)
    assert len(parsed.views()) == 1
    (outcome,) = parsed.all("p", "outcome")
    assert outcome.text.startswith("failed")
    assert "frame2.jpg" in outcome.text
    assert [one.attributes["href"] for one in parsed.all("a")] == ["#scene-1", "#scene-2"]


HOSTILE = ('<img src=x onerror="window.hacked=1">', "script><b>' & \u2028\n{{7*7}}")
"""Names of a folder in a folder: their path holds </script>."""


def test_names_are_text(tmp_path: Path, make_bracket: MakeBracket) -> None:
    folder = make_bracket(tmp_path / f"{HOSTILE[0]}<" / HOSTILE[1])
    (folder / "frame1.jpg").rename(folder / "a\udcff\x1b]\"'><u>.jpg")
    parsed = fused(tmp_path / "page.html", folder)
    assert parsed.open == []
    assert not {"b", "u"} & {one.tag for one in parsed.elements if "class" not in one.attributes and one.text == ""}
    assert all((one.attributes.get("src") or "data:").startswith("data:") for one in parsed.all("img"))
    assert parsed.all("h1")[0].text == HOSTILE[1]
    names = [one["name"] for one in parsed.views()[0]["others"]]
    assert names == ["a\ufffd\ufffd]\"'><u>.jpg", "frame2.jpg", "frame3.jpg"]
    assert any(f"{HOSTILE[0]}</{HOSTILE[1]}/frame2.jpg" in one.text for one in parsed.all("bdi"))


def test_names_that_are_no_text_are_told_as_far_as_they_are() -> None:
    page = Page("a\udcffb", "fused", [Scene("a\udcffb", status="failed", error="\x00")])
    parsed = pages.Parsed(document.render(page).decode())
    assert parsed.all("h1")[0].text == "a\ufffdb"


def test_only_pages_of_ours_are_replaced(tmp_path: Path, bracket: Path) -> None:
    path = tmp_path / "page.html"
    fused(path, bracket)
    FusedPage(path)
    path.write_text("<!doctype html><title>my own</title>")
    with pytest.raises(WriteError, match="is no page of hdrcli"):
        FusedPage(path)
    FusedPage(path, overwrite=True)
    assert path.read_text().endswith("my own</title>")


def test_no_frame_is_written_over(bracket: Path) -> None:
    with pytest.raises(UsageError, match="is no name of a page"):
        FusedPage(bracket / "frame1.jpg", overwrite=True)


def test_scenes_of_many_brackets_share_the_page() -> None:
    few, many = (pictures.Allowance.of(count) for count in (1, 1000))
    assert few.pictures + few.light + few.masks + few.parts <= pictures.SCENE_BYTES
    assert 1000 * (many.pictures + many.light + many.masks + many.parts) <= pictures.PAGE_BYTES


def test_a_large_bracket_of_noise_keeps_to_its_size(tmp_path: Path) -> None:
    noise = np.random.default_rng(4).uniform(0, 4, (500, 750, 3)).astype(np.float32)
    scenes.write_bracket(tmp_path / "noise", noise, [0.1, 0.3, 1, 3, 9])
    page = tmp_path / "page.html"
    fused(page, tmp_path / "noise", stops=(-3, -1.5, 0, 1.5, 3), align="off")
    assert page.stat().st_size < 6_000_000


def test_evaluation(tmp_path: Path) -> None:
    for name, error in (("a", 0.01), ("b", 0.1)):
        write_exr(tmp_path / "made" / f"{name}.exr", light() + np.float32(error))
        write_exr(tmp_path / "truth" / f"{name}.exr", light())
    page = EvaluatedPage(tmp_path / "page.html", title="ramps")
    done = hdrcli.evaluate(tmp_path / "made", tmp_path / "truth", metrics="psnr_l", on_pairs=page.expect, draw=page)
    assert page.write(done)
    parsed = pages.read(tmp_path / "page.html")
    assert parsed.open == []
    assert [cell.text for cell in parsed.all("td")][:2] == ["40.00", "20.00"]
    scene = parsed.views()[0]
    assert [one["name"] for one in scene["others"]] == ["Truth", "psnr_l"]
    truth = pages.unpacked(scene["others"][0]["light"])
    np.testing.assert_array_equal(truth, light().astype(np.float16).astype(np.float32))
    digests = {one.text for one in parsed.all("code")}
    assert hashlib.sha256((tmp_path / "made/b.exr").read_bytes()).hexdigest() in digests
    assert plugins.load("metrics", "psnr_l").METRIC.map_unit in {one.text for one in parsed.all("span", "unit")}
