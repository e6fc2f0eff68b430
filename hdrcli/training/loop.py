"""The training loop: read it from top to bottom. Resumable to the step; a checkpoint holds all it needs."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from hdrcli.errors import HdrcliError
from hdrcli.training.brackets import Batch, BracketMaker, BracketSettings
from hdrcli.training.losses import hdr_loss, mu_law, psnr


@dataclass(frozen=True)
class TrainingSettings:
    """One run, wholly: with the same settings, pack and device it makes the same weights."""

    steps: int = 8000
    batch: int = 8
    rate: float = 1e-3
    warm_up: int = 200
    final_rate_share: float = 0.01
    weight_decay: float = 1e-4
    clip: float = 1.0
    ema: float = 0.998
    linear_share: float = 0.5
    seed: int = 1
    checkpoint_every: int = 250
    build: dict[str, int] = field(default_factory=dict)
    brackets: BracketSettings = field(default_factory=BracketSettings)


@dataclass(frozen=True)
class Report:
    """What a run says of itself every now and then; PSNR in dB on held-out synthetic brackets, by the EMA weights."""

    step: int
    loss: float
    psnr_mu: float
    psnr_l: float


class Run:
    """A network in training: the module, its moving average, its optimiser and the step it has come to."""

    def __init__(self, build: Callable[..., nn.Module], settings: TrainingSettings, device: torch.device) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.device, self.step = settings, device, 0
        module = build(**settings.build).to(device)
        self.module: nn.Module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.module).requires_grad_(False)
        self.optimiser = torch.optim.AdamW(self.module.parameters(), settings.rate, weight_decay=settings.weight_decay)

    def rate(self) -> float:
        """Linear warm-up, then half a cosine down to a share of the rate."""
        s = self.settings
        if self.step < s.warm_up:
            return s.rate * (self.step + 1) / s.warm_up
        share = (self.step - s.warm_up) / max(1, s.steps - s.warm_up)
        return s.rate * (s.final_rate_share + (1 - s.final_rate_share) * 0.5 * (1 + math.cos(math.pi * share)))

    def learn(self, batch: Batch) -> float:
        """One step of the optimiser; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            made = self.module(planes_of(batch), {"exposure_times": batch.times})
        loss = hdr_loss(made.float(), batch.truth, self.settings.linear_share)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.module.parameters(), self.settings.clip)
        self.optimiser.step()
        self.step += 1
        # a young average forgets its random start faster
        keep = min(self.settings.ema, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.module.parameters()), 1 - keep)
        return float(loss.detach())

    @torch.inference_mode()
    def score(self, batches: list[Batch]) -> tuple[float, float]:
        """Mean PSNR-mu and PSNR-l of the averaged weights."""
        made = []
        for batch in batches:
            with torch.autocast(self.device.type, dtype=torch.bfloat16):
                made.append(self.average(planes_of(batch), {"exposure_times": batch.times}).float())
        mu = [psnr(mu_law(one), mu_law(batch.truth)) for one, batch in zip(made, batches, strict=True)]
        linear = [psnr(one, batch.truth) for one, batch in zip(made, batches, strict=True)]
        return sum(mu) / len(mu), sum(linear) / len(linear)

    def save(self, file: Path) -> None:
        """Write the checkpoint, whole or not at all."""
        state = {
            "step": self.step,
            "settings": asdict(self.settings),
            "module": self.module.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        temporary = file.with_suffix(".part")
        torch.save(state, temporary)
        temporary.replace(file)

    def resume(self, file: Path) -> None:
        """Go on from a checkpoint, be it to another last step. Raises HdrcliError when other settings differ."""
        state = torch.load(file, map_location=self.device, weights_only=True)
        if state["settings"] | {"steps": self.settings.steps} != asdict(self.settings):
            raise HdrcliError(
                f"{file} is of a run with other settings.", "Pass another --run folder, or the same settings."
            )
        self.module.load_state_dict(state["module"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]


def planes_of(batch: Batch) -> Tensor:
    """(B, 9, P, P): the frames display-coded as the networks take them (X = linear^(1/2.2))."""
    size, _, _, *side = batch.frames.shape
    return (batch.frames ** (1 / 2.2)).view(size, 9, *side).contiguous(memory_format=torch.channels_last)


def train_network(
    build: Callable[..., nn.Module],
    images: list[Tensor],
    held_out: list[Tensor],
    settings: TrainingSettings,
    folder: Path,
    report: Callable[[Report], None],
) -> nn.Module:
    """Train to `settings.steps`, going on from `folder/checkpoint.pt` if it is there; returns the averaged network."""
    device = images[0].device
    run = Run(build, settings, device)
    checkpoint = folder / "checkpoint.pt"
    folder.mkdir(parents=True, exist_ok=True)
    if checkpoint.exists():
        run.resume(checkpoint)
    maker = BracketMaker(images, settings.brackets, settings.seed)
    judge = BracketMaker(held_out, settings.brackets, settings.seed + 1)
    validation = [judge.batch(8, number) for number in range(12)]
    losses: list[float] = []
    while run.step < settings.steps:
        losses.append(run.learn(maker.batch(settings.batch, run.step)))
        if run.step % settings.checkpoint_every == 0 or run.step == settings.steps:
            run.save(checkpoint)
            report(Report(run.step, sum(losses) / len(losses), *run.score(validation)))
            losses.clear()
    return run.average
