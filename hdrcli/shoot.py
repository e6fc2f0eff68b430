"""A shoot whose brackets are put on one scale: which frames it is of, and statistics that its pictures share.

Statistics must be known before the first picture is written. So all frames are read beforehand and some of their pixels
are merged as they lie, not aligned: statistics care little where light comes from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hdrcli import merging, response, scale, together, tone_mapping, writers
from hdrcli.errors import ReadError
from hdrcli.file_state import FileState
from hdrcli.image import Exposure, RadianceMap
from hdrcli.manifest import Manifest
from hdrcli.plan import Plan, Plans
from hdrcli.reading import read_bracket
from hdrcli.settings import FuseSettings


class Shoot:
    """The brackets of a run that can be put on one scale, whatever there is of their outputs.

    On each hangs how the pictures of the others are made.
    """

    def __init__(self, brackets: Sequence[Plan], manifest: Manifest) -> None:
        self.brackets = [plan for plan in brackets if plan.error is None]
        self._manifest = manifest

    def __getstate__(self) -> dict[str, Any]:
        """Another process gets the digest alone, which is all that a bracket's making hangs on. Raises as `digest`."""
        return {"digest": self.digest}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of those of all frames, bracket by bracket. Raises ReadError for a frame that is gone.

        A frame that is as it was when its bracket was fused is not read.
        """
        lines = [" ".join(self._sha256(frame.path, plan) for frame in plan.frames) for plan in self.brackets]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def _sha256(self, path: Path, plan: Plan) -> str:
        for made in filter(None, map(self._manifest.making, plan.outputs)):
            had = made.inputs.get(self._manifest.name(path))
            if had is not None and (now := had.now(path)) is not None:
                return now.sha256
        try:
            return FileState.of(path).sha256
        except OSError as error:
            raise ReadError(f"{path} cannot be read: {error.strerror or error}.", "Check the file.") from error


def found(plans: Plans, settings: FuseSettings, manifest: Manifest) -> Plans:
    """The plans with the shoot that they are of, where `settings` ask for one scale."""
    if settings.scale != "shoot":
        return plans
    shoot = Shoot(plans.brackets, manifest)
    return replace(plans, brackets=tuple(replace(plan, shoot=shoot) for plan in plans.brackets))


def measured(plans: Plans, settings: FuseSettings, on_measuring: together.Measuring) -> Plans:
    """The plans with the statistics of the whole shoot, where a picture of it is to be made.

    Brackets whose frames cannot be read carry an error.
    """
    if settings.scale != "shoot" or settings.dry_run:
        return plans
    if not any(_pictures(plan) for plan in plans.brackets if not plan.is_settled):
        return plans

    def sample(plan: Plan, maps: int) -> np.ndarray:
        return _sample(plan, maps, settings)

    shoot = next(plan.shoot for plan in plans.brackets if plan.shoot)
    found = together.sampled(shoot.brackets, sample, settings.jobs, on_measuring)
    return replace(plans, brackets=tuple(together.agreeing(plans.brackets, *found, settings)))


def _pictures(plan: Plan) -> list[Path]:
    """The outputs of a plan that are to be made by tone mapping."""
    return [output for output in plan.outputs if output not in plan.kept and writers.is_picture(output)]


def _sample(plan: Plan, maps: int, settings: FuseSettings) -> np.ndarray:
    """Some pixels (h, w, 3) of a bracket's map, on the scale of the shoot."""
    bracket = read_bracket(plan, settings).bracket
    bracket = bracket.with_exposures([_thinned(one, maps) for one in bracket.exposures])
    light = merging.radiance(response.decode(bracket, settings.response).bracket)
    image, _ = scale.applied(RadianceMap(light), plan, bracket, settings)
    return image.pixels


def _thinned(one: Exposure, maps: int) -> Exposure:
    clipped = None if one.clipped is None else tone_mapping.sample(one.clipped, maps)
    return replace(one, stored=tone_mapping.sample(one.stored, maps), clipped=clipped)
