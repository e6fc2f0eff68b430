"""Models on data sets: the unit of the truth, the frames of a protocol, and what is fused only once."""

from __future__ import annotations

from pathlib import Path

import cv2
import imageio.v3 as imageio
import numpy as np
import pytest

import hdrcli
from hdrcli import readers
from hdrcli.evaluation.fusing import eight_bits
from hdrcli.protocols import PROTOCOLS
from tests import scenes
from tests.evaluation.images import light, write_exr, write_png

TIMES = (1, 4, 16)


def scene(folder: Path, unit: float) -> Path:
    """A static scene in three frames, darkest first, and its truth with `unit` for the shortest frame's white."""
    radiance = np.minimum(scenes.radiance(64, 96, stops=7), 1)  # nothing is clipped in the shortest frame
    scenes.write_bracket(folder, radiance, list(TIMES), levels=65535)
    (folder / "times.txt").write_text(",".join(map(str, TIMES)))
    write_exr(folder / "truth.exr", radiance * unit)
    return folder


@pytest.mark.parametrize(("unit", "frame"), [(1, "shortest"), (4, "reference")])
def test_the_unit_of_a_plain_truth_is_found(tmp_path: Path, unit: float, frame: str) -> None:
    scene(tmp_path / "set" / "hall", unit)
    done = hdrcli.evaluate(
        tmp_path / "set", models="debevec", metrics="psnr_mu", white=4, output=tmp_path / "out", reference=2
    )
    (score,) = done.scores
    assert score.error is None
    assert score.values["psnr_mu"] > 55
    assert f"1.0 in truth.exr is the white of the {frame} frame, by the pixels of both" in done.notes
    assert score.prediction == tmp_path / "out" / "debevec" / "hall.exr"


def test_another_unit_is_said(tmp_path: Path) -> None:
    scene(tmp_path / "set" / "hall", 50)
    done = hdrcli.evaluate(tmp_path / "set", models="debevec", metrics="psnr_l", white="auto", output=tmp_path / "out")
    assert any("1.0 is neither the shortest nor the reference frame's white" in note for note in done.notes)


def test_kalantari_truth_is_in_units_of_the_shortest_frame(tmp_path: Path) -> None:
    folder = tmp_path / "Test" / "001"
    radiance = np.minimum(scenes.radiance(64, 96, stops=7), 1)
    scenes.write_bracket(folder, radiance, list(TIMES), ".tif", 65535)
    (folder / "exposure.txt").write_text("0\n2\n4\n")
    imageio.imwrite(folder / "HDRImg.hdr", radiance)
    done = hdrcli.evaluate(tmp_path, models=["debevec", "mertens"], metrics="psnr_mu", output=tmp_path / "out")
    good, display = done.scores
    assert good.values["psnr_mu"] > 45  # RGBE has eight bits
    assert display.error is not None
    assert "psnr_mu takes two linear files" in display.error.message
    assert done.settings["layout"] == "kalantari"


def test_sice_is_measured_on_pictures(tmp_path: Path) -> None:
    radiance = scenes.radiance(192, 192, stops=6)
    scenes.write_bracket(tmp_path / "1", radiance, [0.3, 2.0], ".JPG")
    write_png(tmp_path / "Label" / "1.png", np.sqrt(light(192, 192)))
    done = hdrcli.evaluate(tmp_path, models="mertens", output=tmp_path / "out")
    (score,) = done.scores
    assert score.error is None
    assert {"psnr", "ssim", "ms_ssim", "vif"} == score.values.keys()
    asked = hdrcli.evaluate(tmp_path, models="mertens", metrics="mef_ssim", output=tmp_path / "out")
    assert asked.scores[0].values["mef_ssim"] > 0.8
    assert score.prediction == tmp_path / "out" / "mertens" / "1.png"


def test_what_is_fused_is_not_fused_again_unless_its_frames_changed(tmp_path: Path) -> None:
    folder = scene(tmp_path / "set" / "hall", 1)

    def run() -> float:
        hdrcli.evaluate(tmp_path / "set", models="debevec", metrics="psnr_mu", output=tmp_path / "out")
        return (tmp_path / "out" / "debevec" / "hall.exr").stat().st_mtime_ns

    first = run()
    assert run() == first
    scenes.write_bracket(folder, scenes.radiance(64, 96, stops=5), list(TIMES), levels=65535)
    assert run() != first


def test_dfgnets_protocol_cuts_frames_to_8_bits_and_resizes_all(tmp_path: Path) -> None:
    scene(tmp_path / "set" / "hall", 1)
    done = hdrcli.evaluate(
        tmp_path / "set", models="debevec", metrics="psnr_mu", protocol="dfgnet", output=tmp_path / "out"
    )
    (score,) = done.scores
    assert score.error is None, score.error
    header = readers.read_header(score.prediction)
    assert (header.width, header.height) == (1440, 960)
    frame = cv2.imread(str(tmp_path / "out" / "frames" / "hall" / "1.png"))
    original = cv2.imread(str(tmp_path / "set" / "hall" / "1.png"))  # as the authors' program reads 16 bits: as 8
    np.testing.assert_array_equal(frame, cv2.resize(original, (1440, 960)))


def test_16_bits_are_cut_and_not_rounded() -> None:
    codes = np.array([0, 255, 256, 511, 65279, 65280, 65535])
    np.testing.assert_array_equal(eight_bits(codes.astype(np.float32) / 65535), codes // 256)
    every = np.arange(256)
    np.testing.assert_array_equal(eight_bits(every.astype(np.float32) / 255), every)


def test_lightfuses_protocol_stretches_the_truth() -> None:
    display = np.array([[[0.2, 0.3, 0.4], [0.6, 0.5, 0.4]]], np.float32)
    expected = [[[0, 0.25, 0.5], [1, 0.75, 0.5]]]
    np.testing.assert_allclose(PROTOCOLS["lightfuse"].stretched(display), expected, atol=1e-6)
    np.testing.assert_array_equal(PROTOCOLS["dfgnet"].stretched(display), display)
