"""fused.json: of which frames, how and by which hdrcli each output of a folder was made. One line a bracket.

The file is only ever replaced whole, at the end of a run, so a batch costs the same for each bracket however many there
are. Until then a run keeps a journal beside it (the same lines), where it promises each bracket's outputs by digest
before they get their names: a kill at any moment leaves nothing that the next run cannot tell. Each process has its own
journal; whoever merges journals into fused.json holds a lock, and the next run merges what killed ones left. Where the
processes of a run are several, on any computer, all journals bear its name, and one merges them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hdrcli import disk, interrupts, journal, typed
from hdrcli.disk import Stamp
from hdrcli.errors import HdrcliError, WriteError
from hdrcli.file_state import FileState
from hdrcli.journal import Journal

NAME = "fused.json"
FORMAT = "hdrcli-fused"
VERSION = 1
LOCK = ".fused.json.lock"
PATIENCE = 30.0
"""Seconds to wait for another process that is merging; it takes less than one."""

log = logging.getLogger("hdrcli")


@dataclass(frozen=True)
class Making:
    """How outputs of one bracket were made. Files are named relative to the manifest's folder.

    `settings` are the options that pixels depend on, as they were asked for; `model` is the one used, `weights` the
    SHA-256 of its weights. `inputs` are the frames in file order, `stops` theirs. `replaces` are digests of the older
    outputs that may still stand where new ones are promised. `shoot` is what hangs on other brackets, where they share
    a scale: the "exposure" whose white is 1.0, and the digest of the "frames" of all, on which pictures hang.
    """

    bracket: str
    hdrcli: str
    model: str
    weights: str | None
    stops: tuple[float, ...] | None
    settings: Mapping[str, Any]
    inputs: Mapping[str, FileState]
    outputs: Mapping[str, FileState] = field(default_factory=dict)
    replaces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shoot: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Making:
        """A making from its JSON object. Raises KeyError, TypeError, ValueError or AttributeError for another one."""
        files = {key: {name: FileState(**state) for name, state in entry[key].items()} for key in ("inputs", "outputs")}
        stops = None if entry["stops"] is None else tuple(map(float, entry["stops"]))
        replaces = {name: tuple(digests) for name, digests in entry.get("replaces", {}).items()}
        making = cls(**{**entry, **files, "stops": stops, "replaces": replaces, "settings": dict(entry["settings"])})
        typed.check(making)
        for name, state in (*making.inputs.items(), *making.outputs.items()):
            typed.check(state)
            if not name or b"\0" in os.fsencode(name):
                raise ValueError("it names no file")
        return making

    def line(self) -> str:
        """The JSON object, in one line."""
        entry = {name: value for name, value in vars(self).items() if name not in ("replaces", "shoot") or value}
        return json.dumps(entry, default=vars)


class Manifest:
    """What is known of the outputs in `folder`, which need not exist. Raises WriteError for a fused.json not ours.

    `run` is the name of the run, which its processes share.
    """

    def __init__(self, folder: Path, run: str | None = None) -> None:
        self.folder = folder
        self.file = folder / NAME
        self.run = run or disk.run_name()
        self._journal = Journal(folder, self.run)
        self._lock = threading.Lock()
        self._made: dict[str, Making] = {}
        if os.path.isdir(folder):  # noqa: PTH112 (False for a name that is too long)
            journals = filter(Path.is_file, sorted(folder.glob(".hdrcli-*.jsonl")))
            self._made = self._latest([_read(self.file), *map(_lines, journals)])

    def name(self, path: Path) -> str:
        """`path` as the manifest names it: relative to its folder, so that both may move together."""
        try:
            return Path(os.path.relpath(path, self.folder)).as_posix()
        except ValueError:  # another drive of Windows
            return path.absolute().as_posix()

    def making(self, output: Path) -> Making | None:
        """How `output` was made, if that is known."""
        return self._made.get(self.name(output))

    def outputs(self) -> list[Path]:
        """All outputs that are known."""
        return [self.folder / name for name in self._made]

    def write(
        self, making: Making, files: Mapping[Path, bytes], seen: Mapping[Path, Stamp | None] | None = None
    ) -> Making:
        """Write the outputs of a bracket, all or none, and remember and tell how they were made. Raises WriteError.

        `seen` is as in `disk.write_all`. Signals wait until `interrupts.release`.
        """
        interrupts.hold()
        outputs = {
            self.name(path): FileState(hashlib.sha256(content).hexdigest(), len(content))
            for path, content in files.items()
        }
        older = {name: _digests(self._made[name], name) for name in outputs if name in self._made}
        self.note(replace(making, outputs=outputs, replaces=older))
        disk.write_all(files, seen)
        for path in files:
            with suppress(OSError):  # whoever has removed it since need not hear of it here
                outputs[self.name(path)] = replace(outputs[self.name(path)], modified=path.stat().st_mtime_ns)
        making = replace(making, outputs=outputs)
        with suppress(WriteError):  # the disk is full now: the promise tells the same, after a look into the files
            self.note(making)
        return making

    def note(self, making: Making) -> None:
        """Put a making into the journal."""
        with self._lock:
            self._journal.add(making.line())
            self._made |= _by_output([making])

    def merge(self) -> None:
        """Bring fused.json up to date with this run's journal and those of killed runs, whose temporaries go too."""
        if not os.path.isdir(self.folder):  # noqa: PTH112
            return
        try:
            disk.tidy(self.folder)
            if journal.of_run(self.folder, self.run) or os.path.lexists(self.folder / LOCK):
                with disk.held(self.folder, LOCK, PATIENCE):
                    self._merge()
        except (OSError, HdrcliError) as error:
            reason = error.message if isinstance(error, HdrcliError) else f"{self.file} cannot be written: {error}."
            log.warning("%s What it would say is kept for the next run.", reason)

    def _merge(self) -> None:
        journals = journal.of_run(self.folder, self.run)
        made = self._latest([_read(self.file), *(map(self._seen, _lines(one)) for one in journals)])
        if made or self.file.exists():
            head = f'{{"format": "{FORMAT}", "version": {VERSION}, "made": ['
            text = ",\n".join(making.line() for making in _grouped(made))
            disk.write_all({self.file: f"{head}\n{text}\n]}}\n".encode()})
        self._journal.close()
        for one in journals:
            one.unlink(missing_ok=True)

    def _latest(self, told: Iterable[Iterable[Making]]) -> dict[str, Making]:
        """The makings by output, of fused.json and journals. Of an output that several tell of, the one that it is of:
        any process may have been the last to write it, or refused to."""
        found: dict[str, Making] = {}
        for makings in told:
            for name, making in _by_output(makings).items():
                if name not in found or making.outputs[name].now(self.folder / name):
                    found[name] = making
        return found

    def _seen(self, making: Making) -> Making:
        """A making whose promises, if it has any, are looked into: outputs that never came are left out."""
        outputs = {}
        for name, state in making.outputs.items():
            path = self.folder / name
            if state.modified is not None or path.exists():
                outputs[name] = state.now(path) or state if state.modified is None else state
        whole = all(state.modified is not None for state in outputs.values())
        return replace(making, outputs=outputs, replaces={} if whole else making.replaces)


def _digests(making: Making, name: str) -> tuple[str, ...]:
    """All that `name` may hold by a making: its output, or an older one of ours where that was never written."""
    return tuple(dict.fromkeys((making.outputs[name].sha256, *making.replaces.get(name, ()))))


def _by_output(makings: Iterable[Making]) -> dict[str, Making]:
    return {name: making for making in makings for name in making.outputs}


def _grouped(made: Mapping[str, Making]) -> Iterable[Making]:
    """Each making once, with the outputs that no later one has made again, and what these may still have to replace."""
    keys: dict[int, str] = {}
    groups: dict[str, tuple[Making, dict[str, FileState]]] = {}
    for name, making in sorted(made.items()):
        key = keys.setdefault(id(making), "") or replace(making, outputs={}).line()
        keys[id(making)] = key
        groups.setdefault(key, (making, {}))[1][name] = making.outputs[name]
    return (replace(making, outputs=left, replaces=_to_replace(making, left)) for making, left in groups.values())


def _to_replace(making: Making, outputs: Mapping[str, FileState]) -> dict[str, tuple[str, ...]]:
    promised = {name for name, state in outputs.items() if state.modified is None}
    return {name: digests for name, digests in making.replaces.items() if name in promised}


def _read(file: Path) -> list[Making]:
    """The makings in fused.json. Raises WriteError for one that is damaged, foreign or later."""
    try:
        content = json.loads(journal.text(file))
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError("it is none of hdrcli's")
        if content["version"] > VERSION:
            raise ValueError("a later hdrcli wrote it")
        return [Making.from_json(entry) for entry in content["made"]]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise WriteError(f"{file} cannot be read: {error.strerror or error}.", "Pass another --output.") from error
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise WriteError(
            f"{file} is no manifest that this hdrcli can go by: {error}.", "Move it away, or pass another --output."
        ) from error


def _lines(file: Path) -> list[Making]:
    """The makings in a journal; a line that a crash of the system cut short is told and left."""
    makings: list[Making] = []
    try:
        lines = journal.text(file, "replace").splitlines()
    except FileNotFoundError:
        return []  # its run has just merged it
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read: %s.", file, error)
        return []
    for line in lines:
        try:
            makings.append(Making.from_json(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            log.warning("%s is damaged after %d lines: %s.", file, len(makings), error)
    return makings
