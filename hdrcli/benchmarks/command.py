"""bench(): all that is asked for, one measurement after the other, as one object that JSON can hold."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from hdrcli import plugins
from hdrcli.benchmarks import frames, peers, processes, scaling, whole
from hdrcli.benchmarks.frames import Frames
from hdrcli.benchmarks.settings import BenchSettings
from hdrcli.benchmarks.whole import Telling
from hdrcli.errors import HdrcliError

Results = dict[str, Any]
"""`environment`, `rates`, `whole`, `networks`, `precision`, `scaling`, `warm`, `notes` and `failures`."""


def bench(settings: BenchSettings, say: Callable[[str], None] = lambda text: None) -> Results:
    """Measure; `say` is told what is being measured.

    What fails is in `failures`, as (message, hint), and the rest goes on. Raises HdrcliError where there are no frames.
    """
    kept = settings.scenes
    with nullcontext(kept) if kept else tempfile.TemporaryDirectory(prefix="hdrcli-bench-") as folder:
        return _Bench(settings, Path(folder), say).run()


class _Bench:
    def __init__(self, settings: BenchSettings, folder: Path, say: Callable[[str], None]) -> None:
        self.settings, self.folder, self.say = settings, folder, say
        known = plugins.names("networks")
        self.models = list(settings.models)
        self.networks = [model for model in settings.models if model in known]
        self.done: Results = {"notes": [], "failures": []}
        self.telling = Telling(say, lambda error: self.done["failures"].append((error.message, error.hint)))

    def run(self) -> Results:
        device = self.settings.device
        brackets = self._brackets()
        self.say("environment")
        self.done["environment"], _ = processes.call("environment:found", "the look at this machine", device=device)
        if self.done["environment"]["device"] is None:
            self.done["notes"].append(f"There is no {device} device here: networks are left out.")
            self.models = [model for model in self.models if model not in self.networks]
            self.networks = []
        self.say("rate of convolutions")
        self.done["rates"] = self._rates() if self.networks else []
        self.done["networks"] = self._by_the_pixel()
        self.done["precision"] = self._precision(brackets)
        self.done["whole"] = self._whole(brackets)
        self.done["scaling"] = self._scaling() if self.settings.scaling else []
        self.done["warm"] = self._warm(brackets) if device != "cpu" else []
        return self.done

    def _rates(self) -> list[dict[str, Any]]:
        return self._tried("machine:rates", "the rate of convolutions", device=self.settings.device) or []

    def _tried(self, task: str, name: str, **arguments: Any) -> Any:
        """What a task returns; None where it fails, which is told."""
        try:
            return processes.call(task, name, **arguments)[0]
        except HdrcliError as error:
            self.telling.fail(error)
            return None

    def _brackets(self) -> list[Frames]:
        if self.settings.frames is not None:
            return [frames.own(self.settings.frames)]
        made = []
        for size in self.settings.sizes:
            self.say(f"drawing frames of {size:g} MP")
            made.append(frames.made(self.folder / f"{size:g} MP", *frames.size(size)))
        return made

    def _small(self) -> Frames:
        size = self.settings.network_size
        return frames.made(self.folder / f"{size:g} MP", *frames.size(size))

    def _by_the_pixel(self) -> list[dict[str, Any]]:
        rows = []
        for model in self.networks:
            self.say(f"{model} by the pixel, {self.settings.network_size:g} MP")
            given = {"folder": self._small().folder, "device": self.settings.device, "repeats": self.settings.repeats}
            rows.append(self._tried("networks:measured", model, model=model, **given))
        return [row for row in rows if row]

    def _precision(self, brackets: list[Frames]) -> list[dict[str, Any]]:
        """Of one's own frames where there are some, else of the small ones."""
        rows = []
        for model in self.networks:
            one = brackets[0] if self.settings.frames is not None else self._small()
            self.say(f"{model} in bf16 and in fp32, {one.megapixels:.3g} MP")
            given = {"model": model, "folder": one.folder, "device": self.settings.device}
            rows.append(self._tried("precision:compared", model, **given))
        return [row for row in rows if row]

    def _whole(self, brackets: list[Frames]) -> list[dict[str, Any]]:
        there, missing = peers.peers()
        self.done["notes"] += missing
        given = (there, self.settings.repeats, self.settings.device, self.telling)
        return [row for one in brackets for model in self.models for row in whole.contests(one, model, *given)]

    def _scaling(self) -> list[dict[str, Any]]:
        """At the least of the sizes."""
        size = frames.size(min(self.settings.sizes))
        given = (size, self.folder, self.settings.repeats, self.settings.device, self.telling)
        ways = (scaling.by_frames, scaling.by_brackets)
        return [row for model in self.models for way in ways for row in way(model, *given)]

    def _warm(self, brackets: list[Frames]) -> list[dict[str, Any]]:
        rows = []
        for one in brackets:
            for model in self.networks:
                self.say(f"{model} on {self.settings.device}, {one.megapixels:.3g} MP, one process")
                try:
                    rows.append(scaling.warm(model, one, self.folder, self.settings.repeats, self.settings.device))
                except HdrcliError as error:
                    self.telling.fail(error)
        return rows
