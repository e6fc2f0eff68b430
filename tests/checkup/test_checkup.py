"""Checks of the installation: each can fail, and says so in words."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import rawpy
import torch

from hdrcli import checkup, disk, plugins, records
from hdrcli.checkup import _dng, _private, devices, fusing, networks, outcome, packages, places, reading, writing
from hdrcli.errors import HdrcliError
from hdrcli.sandbox import client


def found(area: object, name: str) -> outcome.Outcome:
    checks = dict(area.checks())  # type: ignore[attr-defined]
    return outcome.outcome("area", name, checks[name], area.CURE)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("area", "folder"), [(reading, "readers"), (writing, "writers")])
def test_all_formats_come_back(area: object, folder: str) -> None:
    assert [found(area, name).state for name in plugins.names(folder)] == ["ok"] * len(plugins.names(folder))


def test_it_is_said_where_decoders_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(reading, "decoders").words == "in processes of their own"
    monkeypatch.setattr(client, "_zygotes", [None])
    one = found(reading, "decoders")
    assert one.state == "note"
    assert one.words.startswith("run in hdrcli's own process here: a damaged file can end a run")


def test_the_tiny_raw_file_is_one_to_libraw(tmp_path: Path) -> None:
    (tmp_path / "tiny.dng").write_bytes(_dng.dng())
    with rawpy.imread(str(tmp_path / "tiny.dng")) as raw:
        assert (raw.white_level, *raw.black_level_per_channel) == (16383, 512, 512, 512, 512)
        assert raw.color_desc == b"RGBG"
        codes = raw.raw_image_visible.copy()
    assert codes.shape == (64, 96)
    assert codes[0, 0] == round(0.05 * (16383 - 512) + 512)


def test_a_decoder_that_decodes_something_else_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    png = plugins.load("readers", "png").READER
    real = png.read

    def darker(path: Path, development: object) -> object:
        return real(path, development).mapped(lambda values: values * np.float32(0.9), "srgb")

    monkeypatch.setattr(plugins.load("readers", "png"), "READER", type(png)(png.suffixes, png.read_header, darker))
    monkeypatch.setattr("hdrcli.readers.read", lambda path: darker(path, None))
    one = found(reading, "png")
    assert one.state == "failed"
    assert one.words == "A picture came back changed by up to 10 % of white."
    assert "pip install" in one.hint


def test_damaged_and_missing_weights_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = tmp_path / "weights"
    there.mkdir()
    for file in records.folder().glob("lightfuse_cc.*"):
        shutil.copy(file, there)
    monkeypatch.setattr(records, "folder", lambda: there)
    assert found(networks, "lightfuse cc").state == "ok"
    assert found(networks, "apnt").words == "There are no weights for apnt."
    file = there / "lightfuse_cc.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    from hdrcli import inference

    inference._loaded.cache_clear()
    assert "is damaged: its SHA-256 is not the published one." in found(networks, "lightfuse cc").words
    file.unlink()
    assert found(networks, "lightfuse cc").words == f"{file} is missing."
    inference._loaded.cache_clear()


def test_a_processor_that_computes_wrongly_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(devices, "cpu").state == "ok"
    real = torch.nn.functional.conv2d
    monkeypatch.setattr(torch.nn.functional, "conv2d", lambda image, kernels: 1.01 * real(image, kernels))
    one = found(devices, "cpu")
    assert one.state == "failed"
    assert "A convolution in float32 on cpu is off by up to 1 %." in one.words


def test_a_fuse_of_wrong_light_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(fusing, "debevec").words == "png exr"
    real = fusing.readers.read_light
    monkeypatch.setattr(fusing.readers, "read_light", lambda path: 2 * real(path))
    assert found(fusing, "debevec").words.startswith("debevec's light is off by 1")


def test_packages_are_held_against_their_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert packages.fits("2.13.0+cpu", ">=2.6,<2.14")
    assert not packages.fits("2.14.0", ">=2.6,<2.14")
    assert packages.fits("3.0rc1", ">=2")
    monkeypatch.setattr(
        packages, "requirements", lambda: ([("numpy", ">=999"), ("nowhere-to-be", ">=1")], {"x": [("gone", "")]})
    )
    told = {name: outcome.outcome("packages", name, check) for name, check in packages.checks()}
    assert told["numpy"].hint == "Type pip install 'numpy>=999'."
    assert told["numpy"].words == f"numpy is {metadata.version('numpy')}, but hdrcli needs >=999."
    assert told["nowhere-to-be"].words == "nowhere-to-be is not installed."
    assert (told["extra x"].state, told["extra x"].words) == ("note", "without gone: pip install 'hdrcli[x]'")


def test_all_that_pyproject_needs_is_checked() -> None:
    required, extras = packages.requirements()
    assert {"torch", "numpy", "rawpy"} <= {name for name, _ in required}
    assert {"keras", "train"} <= set(extras)
    assert not {"test", "dev"} & set(extras)


def test_folders_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert found(places, "current folder").words.startswith("writable, ")
    monkeypatch.setattr(disk, "check_writable", refused)
    assert found(places, "current folder").state == "note"
    assert found(places, "temporary folder").hint == "Set TMPDIR to a folder that you may write to."


def refused(folder: Path) -> None:
    from hdrcli.errors import WriteError

    raise WriteError(f"{folder} cannot be written: permission is denied.")


def test_whatever_a_check_raises_is_an_outcome_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def checks() -> Iterator[tuple[str, outcome.Check]]:
        yield "divides", lambda: str(1 // 0)
        yield "asks", lambda: (_ for _ in ()).throw(HdrcliError("It is not so.", "Type it."))
        yield "works", lambda: "well"
        raise ImportError("libnothing.so: no such file\nmore")

    told = [(one.name, one.state, one.words, one.hint) for one in outcome.tried("area", "Type something.", checks)]
    assert told == [
        ("divides", "failed", "ZeroDivisionError: integer division or modulo by zero", "Type something."),
        ("asks", "failed", "It is not so.", "Type it."),
        ("works", "ok", "well", ""),
        ("all", "failed", "ImportError: libnothing.so: no such file", "Type something."),
    ]
    broken = type("broken", (), {"AREA": "a", "CURE": "c", "checks": staticmethod(checks)})
    monkeypatch.setattr(checkup, "import_module", lambda name: broken)
    assert len(list(checkup.check_all())) == 4 * len(checkup.AREAS)


def test_nobody_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_private, "_homes", lambda: ("/home/jane",))
    monkeypatch.setattr(_private, "_user", lambda: "jane")
    texts = {
        "/home/jane/w/a.safetensors is missing": "~/w/a.safetensors is missing",
        "in /home/janet/w": "in /home/janet/w",
        "/mnt/jane/w and /scratch/jane": "/mnt/~/w and /scratch/~",
        "jane-2.0 is no path": "jane-2.0 is no path",
    }
    assert {text: _private.without_names(text) for text in texts} == texts


def test_the_lowest_versions_are_those_of_pyproject() -> None:
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for lines in project["optional-dependencies"].values() for line in lines),
    ]
    wanted = [line for line in wanted if not line.startswith("hdrcli[")]
    command = [sys.executable, str(root / ".ci/lowest.py")]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert all(">=" in line for line in wanted), "a package without a lower bound"
    assert len(lines) == len(wanted)
    for line, constraint in zip(wanted, lines, strict=True):
        name, lowest = line.replace(",", ">=").split(">=")[:2]
        assert constraint == (line if name == "torch" else f"{name}=={lowest}")
