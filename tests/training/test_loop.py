"""The training loop learns, and goes on after an interruption as if there had been none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hdrcli import plugins
from hdrcli.errors import HdrcliError, UsageError
from hdrcli.training import command
from hdrcli.training.brackets import BracketSettings
from hdrcli.training.loop import Report, Run, TrainingSettings, train_network

CPU = torch.device("cpu")
TINY = TrainingSettings(
    steps=6,
    batch=2,
    warm_up=2,
    checkpoint_every=3,
    build={"features": 4, "vector": 8},
    brackets=BracketSettings(patch=32, margin=8, objects=1),
)


def images(seed: int = 3) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    coarse = torch.rand(2, 3, 16, 32, generator=random)
    return [image.half() for image in torch.nn.functional.interpolate(coarse, (96, 192), mode="bilinear")]


@pytest.fixture
def build() -> type[torch.nn.Module]:
    return plugins.load("training/recipes", "dfgnet").BUILD


def test_a_run_broken_off_ends_with_the_same_weights(tmp_path: Path, build: type[torch.nn.Module]) -> None:
    whole = train_network(build, images(), images(4), TINY, tmp_path / "whole", lambda report: None)

    class PluggedOutError(Exception):
        """The plug, pulled at the first report."""

    def pull(report: Report) -> None:
        raise PluggedOutError

    with pytest.raises(PluggedOutError):
        train_network(build, images(), images(4), TINY, tmp_path / "broken", pull)
    again = train_network(build, images(), images(4), TINY, tmp_path / "broken", lambda report: None)
    for (name, one), (_, other) in zip(whole.state_dict().items(), again.state_dict().items(), strict=True):
        assert torch.equal(one, other), name


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path, build: type[torch.nn.Module]) -> None:
    Run(build, TINY, CPU).save(tmp_path / "checkpoint.pt")
    with pytest.raises(HdrcliError, match="other settings"):
        train_network(build, images(), images(), replace(TINY, seed=9), tmp_path, lambda report: None)


def test_the_loss_goes_down(tmp_path: Path, build: type[torch.nn.Module]) -> None:
    reports: list[Report] = []
    settings = replace(TINY, steps=60, checkpoint_every=20, rate=3e-3)
    train_network(build, images(), images(4), settings, tmp_path, reports.append)
    assert [report.step for report in reports] == [20, 40, 60]
    assert reports[-1].loss < 0.7 * reports[0].loss
    assert reports[-1].psnr_mu > reports[0].psnr_mu + 1


def test_a_model_without_a_recipe_is_refused() -> None:
    with pytest.raises(UsageError, match='no recipe to train "mertens"'):
        command.recipe("mertens")


def test_every_recipe_builds_a_network_of_its_name() -> None:
    for name in plugins.names("training/recipes"):
        chosen = command.recipe(name)
        assert plugins.load("networks", name).NETWORK.build is chosen.BUILD
