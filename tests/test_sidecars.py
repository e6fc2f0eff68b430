from __future__ import annotations

from pathlib import Path

import pytest

from hdrcli.errors import ExposureError
from hdrcli.sidecars import Sidecar, find_sidecar, read_sidecar

FILES = [Path("a.jpg"), Path("b.jpg"), Path("c d.jpg")]


def read(folder: Path, name: str, text: str | bytes) -> Sidecar | None:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_sidecar(folder, FILES)


def exposures(folder: Path, name: str, text: str | bytes) -> tuple[float, ...]:
    sidecar = read(folder, name, text)
    assert sidecar is not None
    assert sidecar.path == folder / name
    return sidecar.relative_exposures


def test_none_there(tmp_path: Path) -> None:
    assert read_sidecar(tmp_path, FILES) is None
    assert find_sidecar(tmp_path / "missing") is None
    (tmp_path / "readme.txt").write_text("hello")
    assert find_sidecar(tmp_path) is None


def test_stops(tmp_path: Path) -> None:
    assert exposures(tmp_path, "exposure.txt", "-2.0\r\n0\r\n+2\r\n\r\n") == (0.25, 1, 4)
    assert exposures(tmp_path, "exposure.txt", "\ufeff# stops\n-1 # dark\n0\n1.5\n") == (0.5, 1, 2**1.5)


def test_image_list(tmp_path: Path) -> None:
    text = "# Filename   exposure 1/shutter_speed\nc d.jpg 0.5 2\nA.JPG 32  0.03125\nabsent.jpg 7\nb.jpg\t4\n"
    assert exposures(tmp_path, "image_list.txt", text) == (32, 4, 0.5)


def test_name_in_capitals(tmp_path: Path) -> None:
    assert exposures(tmp_path, "LIST.TXT", "a.jpg 1\nb.jpg 2\nc d.jpg 4") == (1, 1 / 2, 1 / 4)


@pytest.mark.parametrize("text", ["1/60, 0.25,2", "1/60\n0.25\n2\n", "1/60,\n0.25, 2,\n"])
def test_times(text: str, tmp_path: Path) -> None:
    assert exposures(tmp_path, "times.txt", text) == (1 / 60, 0.25, 2)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("exposure.txt", "0\n1\n", "has 2 exposures but there are 3 frames"),
        ("exposure.txt", "0\nfoo\n2\n", 'line 2: "foo" is not stops'),
        ("exposure.txt", "0\n\n# x\nnan\n2\n", 'line 4: "nan" is not stops'),
        ("exposure.txt", "0\n1e9\n2\n", "line 2"),
        ("exposure.txt", "0 1\n1\n2\n", "line 1"),
        ("times.txt", "1,0,2", 'line 1: "0" is not an exposure time'),
        ("times.txt", "1\n-1/60\n2", "line 2"),
        ("times.txt", "1\n1/0\n2", "line 2"),
        ("times.txt", "1,,2", 'line 1: ""'),
        ("times.txt", "1,inf,2", "line 1"),
        ("times.txt", "", "has 0 exposures"),
        ("list.txt", "a.jpg 1\nb.jpg 2\n", r"does not list c d\.jpg"),
        ("list.txt", "a.jpg 1\nb.jpg\nc d.jpg 3", "line 2: there is no exposure"),
        ("list.txt", "a.jpg 1\nb.jpg x\nc d.jpg 3", 'line 2: "x" is not an exposure'),
        ("list.txt", "a.jpg 1\nb.jpg 0\nc d.jpg 3", "line 2"),
        ("list.txt", "a.jpg 1\na.jpg 2\nb.jpg 0\nc d.jpg 3", r"line 2: a\.jpg is listed twice"),
        ("exposure.txt", "0\n1\n2\n".encode("utf-16"), "not a text file"),
        ("exposure.txt", "0\n1\n2\n".encode("utf-16-le"), "not a text file"),
        ("exposure.txt", bytes(range(256)), "not a text file"),
        ("exposure.txt", b"0\n" * (1 << 20), "not a text file"),
    ],
)
def test_what_is_wrong_is_named(name: str, text: str | bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(ExposureError, match=words) as caught:
        read(tmp_path, name, text)
    assert str(tmp_path / name) in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("heading", "in_seconds"),
    [
        ("# Filename   exposure 1/shutter_speed", True),
        ("# name time", True),
        ("# name 1/time", False),
        ("", False),
    ],
)
def test_a_heading_tells_seconds_from_their_inverse(tmp_path: Path, heading: str, in_seconds: bool) -> None:
    (tmp_path / "image_list.txt").write_text(f"{heading}\na.jpg 4 0.25\nb.jpg 0.5 2\n")
    sidecar = read_sidecar(tmp_path, [tmp_path / "a.jpg", tmp_path / "b.jpg"])
    assert sidecar is not None
    assert sidecar.relative_exposures == ((4, 0.5) if in_seconds else (0.25, 2))
