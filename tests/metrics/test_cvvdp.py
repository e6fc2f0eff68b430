"""ColorVideoVDP: what the package is given, and what is said when it can't be asked."""

from __future__ import annotations

import logging
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from hdrcli import tile_size
from hdrcli.comparison import Comparison, Viewing
from hdrcli.errors import MetricError
from hdrcli.metrics import _colorvideovdp
from hdrcli.metrics.cvvdp import METRIC, cvvdp

installed = pytest.mark.skipif(find_spec("pycvvdp") is None, reason="pip install 'hdrcli[cvvdp]'")


def pair() -> tuple[np.ndarray, np.ndarray]:
    """A ramp with lines, in levels of 8 bits, and what is left of it with a quarter of them."""
    y, x = np.mgrid[:64, :96]
    truth = np.round((x / 95 * 0.8 + 0.2 * (y % 8 < 4))[..., None] * np.array([1, 0.9, 0.7]) * 255) / 255
    return (np.floor(truth * 8) / 8).astype(np.float32), truth.astype(np.float32)


@installed
def test_pictures_are_shown_on_an_ordinary_display() -> None:
    """8-bit levels that are handed over as such, which is how the authors' own program reads files."""
    pycvvdp = _colorvideovdp.package()
    one, other = pair()
    files = [np.round(image * 255).astype(np.uint8) for image in (one, other)]
    whole = [image.astype(np.float32) / 255 for image in files]
    expected, _ = pycvvdp.cvvdp(display_name="standard_fhd", quiet=True).predict(*files, dim_order="HWC")
    assert cvvdp(Comparison("display", *whole)) == pytest.approx(float(expected), abs=1e-5)
    assert float(expected) < 9.5


@installed
def test_linear_light_is_shown_in_candelas() -> None:
    pycvvdp = _colorvideovdp.package()
    one, other = pair()
    luminance = [np.maximum(image * np.float32(400), np.float32(0.005)) for image in (one, other)]
    expected, _ = pycvvdp.cvvdp(display_name="standard_hdr_linear", quiet=True).predict(*luminance, dim_order="HWC")
    found = cvvdp(Comparison("linear", one, other, Viewing(peak_luminance=400)))
    assert found == pytest.approx(float(expected), abs=1e-5)
    assert found != pytest.approx(cvvdp(Comparison("linear", one, other, Viewing(peak_luminance=4))), abs=0.05)


@installed
def test_another_display_can_be_named() -> None:
    given = Comparison("display", *pair(), Viewing(display="standard_phone"))
    assert cvvdp(given) != pytest.approx(cvvdp(Comparison("display", *pair())), abs=0.01)


@installed
@pytest.mark.parametrize(
    ("kind", "display", "hint"),
    [
        ("linear", "standard_hdr_pq", "standard_hdr_linear"),
        ("linear", "standard_fhd", "standard_hdr_linear"),
        ("display", "standard_hdr_linear", "standard_fhd"),
        ("display", "standard_4K_", "Did you mean standard_4k?"),
    ],
)
def test_a_display_for_other_pictures_is_refused(kind: Any, display: str, hint: str) -> None:
    with pytest.raises(MetricError, match=f"no display {display} for") as found:
        cvvdp(Comparison(kind, *pair(), Viewing(display=display)))
    assert hint in found.value.hint


@installed
def test_it_says_nothing_and_asks_no_network() -> None:
    program = """
import logging, socket, warnings
def refused(*given): raise OSError("the network was asked")
socket.socket.connect = socket.getaddrinfo = refused
import numpy as np
from hdrcli.comparison import Comparison
from hdrcli.metrics.cvvdp import cvvdp
image = np.full((16, 16, 3), 1e-4, np.float32)  # so dark that the package would warn
assert cvvdp(Comparison("linear", image, image)) == 10
assert not logging.root.handlers
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_colorvideovdp, "import_module", lambda name: None)
    monkeypatch.setitem(sys.modules, "pycvvdp", None)
    before = list(logging.root.handlers)
    with pytest.raises(MetricError, match="ColorVideoVDP is not installed") as found:
        cvvdp(Comparison("linear", *pair()))
    assert found.value.hint == "pip install 'hdrcli[cvvdp]'"
    assert logging.root.handlers == before


def test_a_package_that_does_not_load_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise RuntimeError(f"{name} was built for another torch")

    monkeypatch.setattr(_colorvideovdp, "import_module", broken)
    with pytest.raises(MetricError, match=r"does not load \(torchvision was built for another torch\)") as found:
        cvvdp(Comparison("linear", *pair()))
    assert "matching" in found.value.hint


@installed
def test_images_that_memory_does_not_suffice_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_size, "free_memory", lambda device: 1_000_000)
    with pytest.raises(MetricError, match=r"needs 0\.0 GB of free memory for 96 x 64 pixels"):
        cvvdp(Comparison("linear", *pair()))


def test_one_row_has_no_scale() -> None:
    with pytest.raises(MetricError, match=r"2 pixels each way.* 40 x 1"):
        cvvdp(Comparison("linear", np.zeros((1, 40, 3)), np.zeros((1, 40, 3))))


def test_the_displays_are_told() -> None:
    assert "standard_hdr_linear" in METRIC.variant
    assert "standard_fhd" in METRIC.variant
