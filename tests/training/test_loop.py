"""The training loop learns, and goes on after an interruption as if there had been none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import Module

from hdrcli import plugins
from hdrcli.errors import HdrcliError, UsageError
from hdrcli.training import command
from hdrcli.training.brackets import BracketSettings
from hdrcli.training.loop import Report, Run, train_network
from hdrcli.training.movers import MoverSettings
from hdrcli.training.recipe import Recipe, TrainingSettings

CPU = torch.device("cpu")
RECIPE = command.recipe("dfgnet")
TINY = TrainingSettings(
    BracketSettings(patch=32, margin=8, movers=MoverSettings(count=1)),
    steps=6,
    batch=2,
    warm_up=2,
    checkpoint_every=3,
    build={"features": 4, "vector": 8},
)


def images(seed: int = 3) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    coarse = torch.rand(2, 3, 16, 32, generator=random)
    return [image.half() for image in torch.nn.functional.interpolate(coarse, (96, 192), mode="bilinear")]


def run(
    folder: Path, settings: TrainingSettings = TINY, report: Callable[[Report], None] = lambda report: None
) -> Module:
    return train_network(RECIPE, images(), images(4), settings, folder, report, device=CPU)


def test_a_run_broken_off_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole")

    class PluggedOutError(Exception):
        """The plug, pulled at the first report."""

    def pull(report: Report) -> None:
        raise PluggedOutError

    with pytest.raises(PluggedOutError):
        run(tmp_path / "broken", report=pull)
    again = run(tmp_path / "broken")
    for (name, one), (_, other) in zip(whole.state_dict().items(), again.state_dict().items(), strict=True):
        assert torch.equal(one, other), name


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    Run(RECIPE, TINY, CPU).save(tmp_path / "checkpoint.pt")
    with pytest.raises(HdrcliError, match="other settings"):
        run(tmp_path, replace(TINY, seed=9))


def test_the_loss_goes_down(tmp_path: Path) -> None:
    reports: list[Report] = []
    run(tmp_path, replace(TINY, steps=60, checkpoint_every=20, rate=3e-3), reports.append)
    assert [report.step for report in reports] == [20, 40, 60]
    assert reports[-1].loss < 0.7 * reports[0].loss
    assert reports[-1].scores["psnr_mu"] > reports[0].scores["psnr_mu"] + 1


def test_a_run_begins_from_given_weights(tmp_path: Path) -> None:
    begun = {name: torch.full_like(value, 0.25) for name, value in Run(RECIPE, TINY, CPU).module.state_dict().items()}
    still = replace(TINY, steps=1, rate=0.0, weight_decay=0.0)
    kept = train_network(RECIPE, images(), images(4), still, tmp_path, lambda report: None, device=CPU, start=begun)
    assert all(bool((value == 0.25).all()) for value in kept.state_dict().values())


def test_the_rate_rises_and_falls_in_each_phase() -> None:
    one = Run(RECIPE, replace(TINY, steps=100, warm_up=10, rate=1.0, phases=(1.0, 3.0)), CPU)
    rates = []
    for one.step in range(100):
        rates.append(one.rate())
    assert one.phase()[0] == 1
    assert rates[0] == pytest.approx(0.1)
    assert rates[10] == pytest.approx(1.0)
    assert rates[25] == pytest.approx(0.1)  # the second phase warms up again
    assert rates[35] == pytest.approx(1.0)
    # half a cosine: midway between its ends it is midway between its values
    assert rates[35 + 65 // 2] == pytest.approx((1 + 0.01) / 2, abs=0.02)
    assert rates[99] == pytest.approx(0.01, abs=0.01)


def test_a_model_without_a_recipe_is_refused() -> None:
    with pytest.raises(UsageError, match='no recipe to train "mertens"'):
        command.recipe("mertens")


def test_every_network_has_a_recipe_that_builds_it() -> None:
    assert plugins.names("training/recipes") == plugins.names("networks")
    for name in plugins.names("training/recipes"):
        chosen: Recipe = command.recipe(name)
        assert plugins.load("networks", name).NETWORK.build is chosen.build


def test_a_gradient_that_is_no_number_is_told() -> None:
    one = Run(RECIPE, TINY, CPU)
    batch = RECIPE.maker(images(), TINY, 1).batch(2, 0)
    one.module.get_parameter("dfgnet.conv_tail2.bias").data.fill_(float("nan"))
    with pytest.raises(HdrcliError, match="broke down at step 0"):
        one.learn(batch)
