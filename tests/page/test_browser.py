"""Pages in Chromium: what moves when it is dragged, keyed or touched, and the pixels that are then seen."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import hdrcli
from hdrcli.page import EvaluatedPage
from hdrcli.transfer import linear_to_srgb, srgb_to_linear
from tests import scenes
from tests.conftest import TIMES, MakeBracket
from tests.evaluation.images import light, write_exr
from tests.page import pages
from tests.page.test_pages import HOSTILE, fused

Visit = Callable[..., Any]
SIZE = 120, 180


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a bracket of 6 stops and more in which a square moved."""
    folder = tmp_path_factory.mktemp("browser")
    for number, time in enumerate(TIMES):
        radiance = scenes.radiance(*SIZE, stops=7)
        radiance[40:80, 60 + 30 * number : 90 + 30 * number] = 0.3
        (folder / "shed").mkdir(exist_ok=True)
        Image.fromarray(scenes.photograph(radiance, 100 * time)).save(folder / f"shed/frame{number + 1}.png")
    fused(folder / "page.html", folder / "shed", times=TIMES, align="off")
    return folder / "page.html"


def _seen(tab: Any) -> np.ndarray:
    """(H, W, 3) float of what stands on the stage, without the divider and the names."""
    tab.evaluate("document.querySelectorAll('.tag, .divider').forEach((one) => (one.style.opacity = 0))")
    shot = Image.open(io.BytesIO(tab.locator(".stage").first.screenshot()))
    return np.asarray(shot.convert("RGB"), np.float32)


def _columns(seen: np.ndarray, first: float, last: float) -> np.ndarray:
    width = seen.shape[1]
    return seen[:, int(first * width) : int(last * width)]


def _drag(tab: Any, share: float) -> None:
    box = tab.locator(".stage").first.bounding_box()
    y = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] / 2, y)
    tab.mouse.down()
    tab.mouse.move(box["x"] + share * box["width"], y, steps=4)
    tab.mouse.up()


def test_the_dividing_line_moves_and_shows_more_of_the_other_side(visit: Visit, page: Path) -> None:
    tab = visit(page)
    tab.keyboard.press("0")
    result = _seen(tab)
    tab.keyboard.press("3")
    _drag(tab, 0.25)
    assert tab.locator(".divider").get_attribute("aria-valuenow") == "25"
    little = _seen(tab)
    _drag(tab, 0.75)
    assert tab.locator(".divider").get_attribute("aria-valuenow") == "75"
    much = _seen(tab)
    assert np.abs(_columns(little, 0.3, 1) - _columns(result, 0.3, 1)).max() <= 2
    assert np.abs(_columns(much, 0.8, 1) - _columns(result, 0.8, 1)).max() <= 2
    assert np.abs(_columns(much, 0, 0.2) - _columns(little, 0, 0.2)).max() <= 2
    assert _columns(much, 0.3, 0.7).mean() > _columns(result, 0.3, 0.7).mean() + 20, "the brightest frame"


def _until(tab: Any, condition: str) -> None:
    """Wait for a condition; the page's policy forbids Playwright's own way."""
    for _ in range(100):
        if tab.evaluate(condition):
            return
        tab.wait_for_timeout(50)
    pytest.fail(f"never came true: {condition}")


def _drawn(tab: Any, side: str, stops: float) -> np.ndarray:
    """(H, W, 3) uint8 of the canvas on a side, once it shows so many stops."""
    canvas = f".stage {'> canvas' if side == 'right' else '.left canvas'}"
    drawn = f"document.querySelector('{canvas}').dataset.drawn"  # "", which counts as 0, while it is being drawn
    _until(tab, f"{drawn} !== '' && Math.abs({drawn} - {stops}) < 1e-9")
    return pages.picture(tab.locator(canvas).first.evaluate("(canvas) => canvas.toDataURL()"))[..., :3]


def _expose(tab: Any, stops: float) -> None:
    tab.locator(".exposure input").first.evaluate(
        "(input, stops) => { input.value = stops; input.dispatchEvent(new Event('input')); }", stops
    )


def _shown(linear: np.ndarray) -> np.ndarray:
    return 255 * linear_to_srgb(np.clip(linear.astype(np.float64), 0, 1))


def test_exposure_makes_light_so_many_stops_brighter(visit: Visit, page: Path) -> None:
    tab = visit(page)
    tab.get_by_role("button", name="Light").click()
    values = pages.unpacked(pages.read(page).views()[0]["results"][0]["light"])
    for stops in (0, 2.5, -6, 11):
        _expose(tab, stops)
        assert np.abs(_drawn(tab, "right", stops) - _shown(values * 2.0**stops)).max() <= 0.51


def test_a_frame_in_light_is_what_the_result_is_at_its_exposure(visit: Visit, page: Path) -> None:
    tab = visit(page)
    tab.keyboard.press("l")
    tab.keyboard.press("1")
    frame = np.asarray(Image.open(page.parent / "shed/frame1.png"), np.float64)
    as_taken = _drawn(tab, "left", -2)
    assert np.abs(as_taken - frame).mean() < 4, "WebP"
    _expose(tab, 0)
    brighter = _shown(srgb_to_linear(as_taken / 255) * 4)
    assert np.abs(_drawn(tab, "left", 0) - brighter).max() <= 0.51


def test_keys(visit: Visit, page: Path) -> None:
    tab = visit(page)
    divider = tab.locator(".divider")
    for key, place in (("ArrowLeft", "48"), ("ArrowRight", "50"), ("Shift+ArrowRight", "60")):
        tab.keyboard.press(key)
        assert divider.get_attribute("aria-valuenow") == place
    divider.focus()
    for key, place in (("Home", "0"), ("End", "100")):
        tab.keyboard.press(key)
        assert divider.get_attribute("aria-valuenow") == place
    for key in "321":
        tab.keyboard.press(key)
        assert tab.locator(".card[aria-pressed=true]").get_attribute("data-index") == str(int(key) - 1)
        assert tab.locator(".of-left").text_content() == f"frame{key}.png"
    tab.keyboard.press("0")
    assert tab.locator(".divider").is_hidden()
    tab.keyboard.press("2")
    tab.keyboard.press("l")
    before = tab.evaluate("scrollY")
    divider.focus()
    for _ in range(3):
        tab.keyboard.press("ArrowUp")
    assert tab.locator(".exposure output").first.text_content() == "+1"
    tab.keyboard.press("ArrowDown")
    assert tab.locator(".exposure output").first.text_content() == "+0.67"
    assert tab.evaluate("scrollY") == before
    tab.locator(".exposure input").focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowLeft")
    _drawn(tab, "right", 2 / 3)


def test_arrows_scroll_the_page_as_long_as_no_light_is_looked_at(visit: Visit, page: Path) -> None:
    tab = visit(page, height=500)
    tab.keyboard.press("ArrowDown")
    _until(tab, "scrollY > 0")


def test_marks_come_and_go(visit: Visit, page: Path) -> None:
    tab = visit(page)
    tab.keyboard.press("3")
    _drag(tab, 0.999)
    plain = _seen(tab)
    for name, key, colour in (("Clipped", "c", (255, 75, 43)), ("Moved", "m", (255, 47, 214))):
        button = tab.locator(f"[data-mark={name.lower()}]")
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        _until(tab, f"document.querySelector('.mask.{name.lower()}').complete")
        changed = np.abs(_seen(tab) - plain).max(-1) > 40
        assert 0.005 < changed.mean() < 0.9
        assert np.abs(_seen(tab)[changed].mean(0) - np.array(colour)).mean() < 80
        tab.keyboard.press(key)
        assert button.get_attribute("aria-pressed") == "false"
        assert np.abs(_seen(tab) - plain).max() <= 2


def test_light_is_read_under_the_pointer(visit: Visit, page: Path) -> None:
    tab = visit(page)
    tab.keyboard.press("0")
    tab.keyboard.press("l")
    _drawn(tab, "right", 0)
    box = tab.locator(".stage").bounding_box()
    tab.mouse.move(box["x"] + 0.5 * box["width"] + 1, box["y"] + 0.9 * box["height"] + 1)
    values = pages.unpacked(pages.read(page).views()[0]["results"][0]["light"])
    wanted = values[int(0.9 * SIZE[0]), int(0.5 * SIZE[1])]
    told = tab.locator(".probe").text_content().split(",")[0].split()
    assert [float(one) for one in told] == pytest.approx(wanted, rel=0.01)


def test_touch_and_a_phone(visit: Visit, page: Path) -> None:
    tab = visit(page, width=360, height=740, has_touch=True, is_mobile=True, device_scale_factor=2)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    box = tab.locator(".stage").bounding_box()
    tab.touchscreen.tap(box["x"] + 0.2 * box["width"], box["y"] + 20)
    assert float(tab.locator(".divider").get_attribute("aria-valuenow")) == pytest.approx(20, abs=1)
    tab.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    heights = (
        "[...document.querySelectorAll('button, summary, input')].map((one) => one.getBoundingClientRect().height)"
    )
    assert min(height for height in tab.evaluate(heights) if height) >= 24, "WCAG 2.2, 2.5.8"


def test_dark_and_light(visit: Visit, page: Path) -> None:
    papers = []
    for scheme in ("dark", "light"):
        tab = visit(page, color_scheme=scheme)
        papers.append(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    dark, bright = ([int(one) for one in paper.strip("rgb()").split(",")] for paper in papers)
    assert max(dark) < 64
    assert min(bright) > 192


def test_images_are_described_and_sliders_named(visit: Visit, page: Path) -> None:
    tab = visit(page)
    assert tab.get_by_role("slider", name="Dividing line").count() == 1
    assert tab.locator("img:not([alt])").count() == 0
    assert "frame2.png" in tab.locator(".stage .left .picture").get_attribute("alt")
    tab.keyboard.press("l")
    assert tab.get_by_role("slider", name="Exposure in stops").is_visible()


def test_hostile_names_stay_text(visit: Visit, tmp_path: Path, make_bracket: MakeBracket) -> None:
    folder = make_bracket(tmp_path / f"{HOSTILE[0]}<" / HOSTILE[1])
    (folder / "frame1.jpg").rename(folder / f"{HOSTILE[0]}.jpg")
    fused(tmp_path / "page.html", folder)
    tab = visit(tmp_path / "page.html")
    tab.keyboard.press("1")
    assert tab.locator(".of-left").text_content() == f"{HOSTILE[0]}.jpg"
    assert tab.evaluate("window.hacked") is None
    assert tab.locator("img:not([src^='data:']):not(.mask)").count() == 0
    assert tab.title().startswith("script><b>' &")


def test_scenes_wake_when_they_come_into_sight(visit: Visit, tmp_path: Path, make_bracket: MakeBracket) -> None:
    names = [f"shed{number}" for number in range(4)]
    brackets = [make_bracket(tmp_path / name, height=90, width=60) for name in names]
    fused(tmp_path / "page.html", *brackets)
    tab = visit(tmp_path / "page.html", height=500)
    awake = "document.querySelectorAll('.bar:not([hidden])').length"
    assert tab.evaluate(awake) < 4
    tab.get_by_role("link", name="shed3").click()
    tab.wait_for_selector("#scene-4 .bar:not([hidden])")
    tab.keyboard.press("1")
    assert tab.locator("#scene-4 .of-left").text_content() == "frame1.jpg"
    assert tab.evaluate("document.querySelectorAll('.scene').length") == 4


def test_a_truth_and_an_error_map_beside_a_prediction(visit: Visit, tmp_path: Path) -> None:
    write_exr(tmp_path / "made.exr", light() * np.float32(0.5))
    write_exr(tmp_path / "truth.exr", light())
    shown = EvaluatedPage(tmp_path / "page.html")
    shown.write(hdrcli.evaluate(tmp_path / "made.exr", tmp_path / "truth.exr", metrics="psnr_l", draw=shown))
    tab = visit(tmp_path / "page.html")
    assert tab.locator(".of-left").text_content() == "Truth"
    tab.keyboard.press("l")
    truth, made = _drawn(tab, "left", 0), _drawn(tab, "right", 0)
    halves = light().astype(np.float16)
    assert np.abs(truth - _shown(halves)).max() <= 0.51
    assert np.abs(made - _shown(halves * np.float16(0.5))).max() <= 1.01
    tab.keyboard.press("2")
    assert tab.locator(".of-left").text_content() == "psnr_l"
    assert tab.locator(".stage .left canvas").is_hidden()
    assert tab.locator(".stage .left .picture").is_visible()
