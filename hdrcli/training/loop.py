"""The training loop: read it from top to bottom. Resumable to the step; a checkpoint holds all it needs."""

from __future__ import annotations

import copy
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hdrcli import disk
from hdrcli.errors import HdrcliError
from hdrcli.inference import has_fast_bf16
from hdrcli.training.critic import critic_loss
from hdrcli.training.draws import step_seed
from hdrcli.training.recipe import Recipe, TrainingSettings
from hdrcli.weights import UNSAFE

VALIDATION_BATCHES = 12


@dataclass(frozen=True)
class Report:
    """What a run says of itself every now and then: mean scores of the averaged weights on held-out batches."""

    step: int
    loss: float
    scores: dict[str, float]


class Run:
    """A network in training: the module, its moving average, its optimiser and the step it has come to."""

    def __init__(self, recipe: Recipe, settings: TrainingSettings, device: torch.device) -> None:
        torch.manual_seed(settings.seed)
        self.recipe, self.settings, self.device, self.step = recipe, settings, device, 0
        module = recipe.build(**settings.build)
        recipe.prepare(module)
        self.module: nn.Module = module.to(device).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.module).requires_grad_(False).eval()
        self.optimiser = self._optimiser_of(self.module)
        critic = recipe.critic()
        self.critic = critic.to(device) if critic else None
        self.critic_optimiser = self._optimiser_of(self.critic) if self.critic else None

    def _optimiser_of(self, module: nn.Module) -> torch.optim.AdamW:
        learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
        return torch.optim.AdamW(learning, self.settings.rate, weight_decay=self.settings.weight_decay)

    def _autocast(self) -> torch.autocast:
        """bfloat16 where the device has instructions for it; elsewhere training would take several times as long."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=has_fast_bf16(self.device))

    def begin_from(self, state: dict[str, Tensor]) -> None:
        """Begin from the weights of an earlier run."""
        self.module.load_state_dict(state)
        self.average.load_state_dict(state)

    def phase(self) -> tuple[int, float]:
        """The phase this step is in, and the share of it that is done."""
        total, begun = sum(self.settings.phases), 0.0
        at = self.step / self.settings.steps * total
        for number, length in enumerate(self.settings.phases):
            if at < begun + length:
                return number, (at - begun) / length
            begun += length
        return len(self.settings.phases) - 1, 1.0

    def rate(self) -> float:
        """Linear warm-up, then half a cosine down to a share of the rate; so in each phase."""
        s = self.settings
        number, share = self.phase()
        warm = s.warm_up / (s.steps * s.phases[number] / sum(s.phases))
        if share < warm:
            return s.rate * min(1.0, share / warm + 1 / s.warm_up)
        fallen = (share - warm) / max(1e-9, 1 - warm)
        return s.rate * (s.final_rate_share + (1 - s.final_rate_share) * 0.5 * (1 + math.cos(math.pi * fallen)))

    def learn(self, batch: Any) -> float:
        """One step of the optimiser (and of the critic's); returns the loss."""
        torch.manual_seed(step_seed(self.settings.seed, self.step))  # dropout: the same after a break
        phase, _ = self.phase()
        learning = self.recipe.trained(self.module, phase)
        with self._autocast():
            loss, made = self.recipe.loss(self.module, batch, phase, self.critic)
        self._step(self.optimiser, learning, loss)
        if self.critic and self.critic_optimiser:
            with self._autocast():
                wrong = critic_loss(self.critic, made.detach(), batch)
            self._step(self.critic_optimiser, self.critic, wrong)
        self.step += 1
        self._follow()
        return float(loss.detach())

    def _step(self, optimiser: torch.optim.Optimizer, learning: nn.Module, loss: Tensor) -> None:
        for group in optimiser.param_groups:
            group["lr"] = self.rate()
        optimiser.zero_grad(set_to_none=True)
        loss.backward(inputs=[parameter for parameter in learning.parameters() if parameter.requires_grad])  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(learning.parameters(), self.settings.clip)
        if not torch.isfinite(norm):
            raise HdrcliError(
                f"Training broke down at step {self.step}: its gradient is no number.",
                "Go on from the checkpoint with a lower --rate, in another --run folder, or begin anew.",
            )
        optimiser.step()

    def _follow(self) -> None:
        """Move the average towards the module; a young average forgets its random start faster."""
        keep = min(self.settings.ema, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.module.parameters()), 1 - keep)
        for kept, now in zip(self.average.buffers(), self.module.buffers(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(now, 1 - keep)

    @torch.inference_mode()
    def score(self, batches: Sequence[Any]) -> dict[str, float]:
        """Mean scores of the averaged weights."""
        rows = []
        phase, _ = self.phase()
        for batch in batches:
            with self._autocast():
                made = self.recipe.picture(self.average, batch, phase).float()
            rows.append(self.recipe.scores(made, batch))
        return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}

    def save(self, file: Path) -> None:
        """Write the checkpoint, whole or not at all."""
        state = {"step": self.step, "settings": asdict(self.settings)}
        state |= {name: part.state_dict() for name, part in self._parts().items()}
        content = io.BytesIO()
        torch.save(state, content)
        disk.write_all({file: content.getvalue()})

    def resume(self, file: Path) -> None:
        """Go on from a checkpoint, be it to another last step.

        Raises HdrcliError when other settings differ, and for a file that is damaged or holds code.
        """
        try:
            state = torch.load(file, map_location=self.device, weights_only=True)
        except UNSAFE as error:
            raise HdrcliError(f"{file} is no whole checkpoint of a run.", "Pass another --run folder.") from error
        if state["settings"] | {"steps": self.settings.steps} != asdict(self.settings):
            raise HdrcliError(
                f"{file} is of a run with other settings.", "Pass another --run folder, or the same settings."
            )
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.step = state["step"]

    def _parts(self) -> dict[str, Any]:
        parts = {
            "module": self.module,
            "average": self.average,
            "optimiser": self.optimiser,
            "critic": self.critic,
            "critic_optimiser": self.critic_optimiser,
        }
        return {name: part for name, part in parts.items() if part is not None}


def train_network(
    recipe: Recipe,
    scenes: Sequence[Any],
    held_out: Sequence[Any],
    settings: TrainingSettings,
    folder: Path,
    report: Callable[[Report], None],
    *,
    device: torch.device,
    start: dict[str, Tensor] | None = None,
) -> nn.Module:
    """Train to `settings.steps`, going on from `folder/checkpoint.pt` if it is there; returns the averaged network.

    `start` are weights to begin from in place of random ones.
    """
    run = Run(recipe, settings, device)
    checkpoint = folder / "checkpoint.pt"
    folder.mkdir(parents=True, exist_ok=True)
    if checkpoint.exists():
        run.resume(checkpoint)
    elif start is not None:
        run.begin_from(start)
    maker = recipe.maker(scenes, settings, settings.seed)
    judge = recipe.maker(held_out, settings, settings.seed + 1)
    validation = [judge.batch(8, number) for number in range(VALIDATION_BATCHES)]
    losses: list[float] = []
    while run.step < settings.steps:
        losses.append(run.learn(maker.batch(settings.batch, run.step)))
        if run.step % settings.checkpoint_every == 0 or run.step == settings.steps:
            run.save(checkpoint)
            report(Report(run.step, sum(losses) / len(losses), run.score(validation)))
            losses.clear()
    return run.average
