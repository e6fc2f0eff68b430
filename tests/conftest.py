"""What tests of several folders share: small brackets as a camera would write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from tests import scenes

TIMES = (1 / 400, 1 / 100, 1 / 25)
MakeBracket = Callable[..., Path]


def _exif(time: float, taken: datetime) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0110] = "Test Camera"
    exif[0x8769] = {
        0x829A: IFDRational(1, round(1 / time)),
        0x829D: IFDRational(8, 1),
        0x8827: 100,
        0x9003: taken.strftime("%Y:%m:%d %H:%M:%S"),
    }
    return exif


@pytest.fixture(autouse=True)
def users_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's configuration folder of hdrcli: an empty one, in place of the one of whoever runs the tests."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(name, str(home))
    (home / "hdrcli").mkdir()
    return home / "hdrcli"


@pytest.fixture
def make_bracket() -> MakeBracket:
    """A function that writes a bracket of JPEGs with exposure times in their EXIF and returns its folder."""

    def make(folder: Path, *, times: Sequence[float] = TIMES, height: int = 32, width: int = 48) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        scene = scenes.radiance(height, width, stops=6)
        for number, time in enumerate(times, 1):
            exif = _exif(time, datetime(2024, 5, 1, 12, 0) + timedelta(seconds=number))
            pixels = scenes.photograph(scene, 100 * time)
            Image.fromarray(pixels).save(folder / f"frame{number}.jpg", quality=95, subsampling=0, exif=exif)
        return folder

    return make
