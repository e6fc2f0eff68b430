"""The promise of every classical fuser."""

from __future__ import annotations

import numpy as np
import pytest

from hdrcli import merging, plugins
from hdrcli.errors import ExposureError
from hdrcli.image import Bracket, DisplayImage, Exposure, RadianceMap

RADIANCE = np.random.default_rng(2).uniform(0, 1, (37, 53, 3)).astype(np.float32) ** 4


def bracket(times: tuple[float, ...] | None = (1.0, 4.0, 16.0)) -> Bracket:
    frames = tuple(Exposure(np.clip(RADIANCE * t, 0, 1), "linear", "f") for t in (1, 4, 16))
    return Bracket("b", frames, 1, times)


@pytest.mark.parametrize("name", plugins.names("classical"))
def test_gives_what_it_says_it_makes(name: str) -> None:
    fuser = plugins.load("classical", name).FUSER
    for given in (bracket(), bracket().select((0, 1))):
        fused = fuser.fuse(given)
        assert type(fused) is fuser.makes
        assert fused.pixels.shape == (37, 53, 3)
        assert fused.pixels.dtype == np.float32
        assert np.isfinite(fused.pixels).all()
        assert fused.pixels.min() >= 0
        if fuser.makes is DisplayImage:
            assert fused.pixels.max() <= 1
    assert fuser.summary
    assert fuser.source


@pytest.mark.parametrize("name", plugins.names("classical"))
def test_needs_times_only_when_it_says_so(name: str) -> None:
    fuser = plugins.load("classical", name).FUSER
    if fuser.needs_times:
        with pytest.raises(ExposureError):
            fuser.fuse(bracket(None))
    else:
        fuser.fuse(bracket(None))


def test_debevec_is_the_merge() -> None:
    fused = plugins.load("classical", "debevec").FUSER.fuse(bracket())
    assert isinstance(fused, RadianceMap)
    assert np.array_equal(fused.pixels, merging.merge(bracket())[0])
    assert np.allclose(fused.pixels, RADIANCE * 4, rtol=0.02, atol=1e-3)
