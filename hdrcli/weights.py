"""Find, check and load weights files. A file is used only when its SHA-256 is the one its row of data promises."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialise

from hdrcli import disk, keras_files
from hdrcli.contracts import Network
from hdrcli.errors import WeightsError, WriteError
from hdrcli.records import DEFAULT_TAG, records
from hdrcli.tiling import TiledModule

_HEADER = "hdrcli"
"""The one entry of a file's metadata: JSON with sorted keys. Of several entries, as files had until now, the library
writes the order at random, and two equal trainings made files of two digests."""


@dataclass(frozen=True)
class LoadedNetwork:
    """A network with its weights and the arguments it was built with.

    `label` and `sha256` are what to write into results: where the weights came from and their digest.
    """

    module: TiledModule
    settings: dict[str, Any]
    label: str
    sha256: str


def digest(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def load(name: str, network: Network, choice: str | None, changed: Mapping[str, Any] | None = None) -> LoadedNetwork:
    """Build `network` and load its weights.

    `choice` is a tag of the network's weights, a .safetensors file, or None for the default tag; `changed` are build
    settings that the run wants otherwise than the weights say. Raises WeightsError
    for a tag or file that is not there, is damaged, or fits another network.
    """
    if choice is not None and (choice.endswith(".safetensors") or Path(choice).is_file()):
        file = Path(choice)
        if not file.is_file():
            raise WeightsError(f"{choice} is not there.", "Check the path given to --weights.")
        settings, label, sha256 = _header(file, name), file.name, digest(file)
    else:
        tag, known = choice or DEFAULT_TAG, records(name)
        if tag not in known:
            raise WeightsError(
                f'There are no weights "{tag}" for {name}.',
                f"Pass --weights FILE or one of these tags: {', '.join(known) or 'none yet'}.",
            )
        row = known[tag]
        file, settings, label = row.file, dict(row.settings), tag
        if not file.is_file():
            raise WeightsError(f"{file} is missing.", "Install hdrcli again: the weights come with it.")
        sha256 = digest(file)
        if sha256 != row.sha256:
            raise WeightsError(f"{file} is damaged: its SHA-256 is not the published one.", "Install hdrcli again.")
    settings = settings | dict(changed or {})
    return LoadedNetwork(_fill(network, settings, file, name), settings, label, sha256)


def _header(file: Path, name: str) -> dict[str, Any]:
    """The build settings that a weights file of ours carries in its header."""
    try:
        with safe_open(file, "pt") as opened:
            several = opened.metadata() or {}
        header = json.loads(several[_HEADER]) if _HEADER in several else several
        settings = json.loads(header.get("settings", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{file} is not a whole safetensors file: {error}.", "Pass another --weights.") from error
    if header.get("network", name) != name:
        raise WeightsError(
            f"{file} holds weights for {header['network']}, not {name}.", f"Pass -m {header['network']}."
        )
    return settings


def _fill(network: Network, settings: Any, file: Path, name: str) -> TiledModule:
    try:
        module = network.build(**settings)
        with safe_open(file, "pt") as opened:
            state = {key: opened.get_tensor(key).float() for key in opened.keys()}  # noqa: SIM118 (not a dict)
        module.load_state_dict(state)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{file} is not a whole safetensors file: {error}.", "Pass another --weights.") from error
    except (RuntimeError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise WeightsError(f"{file} does not fit {name}: {reason}", "Pass weights of this network.") from error
    return module.eval()


def import_authors(name: str, network: Network, files: list[Path], target: Path) -> str:
    """Turn the authors' PyTorch or Keras checkpoints into a weights file of ours; returns its SHA-256.

    Raises WeightsError for a checkpoint that cannot be read safely, and for files that are not the whole network.
    """
    if network.from_authors is None:
        raise WeightsError(f"{name} has no checkpoints of its authors to import.", "See `hdrcli models`.")
    checkpoints = [_checkpoint(file) for file in files]
    try:
        settings, state = network.from_authors(checkpoints)
        module = network.build(**settings)
        module.load_state_dict(state)
    except (KeyError, StopIteration, RuntimeError, AttributeError) as error:
        reason = str(error.args[0] if error.args else "what they hold is of another network").strip()
        raise WeightsError(
            f"The files hold no whole {name}: {reason.splitlines()[0].rstrip(':.')}.", f"Give all files of {name}."
        ) from error
    return save(module, target, name, settings, {"source": "imported from the authors' checkpoints"})


def _checkpoint(file: Path) -> dict[str, Any]:
    """A checkpoint's tensors by name, in its own layout; one of PyTorch that holds code is refused."""
    if file.suffix.lower() in keras_files.SUFFIXES:
        return {name: torch.from_numpy(value) for name, value in keras_files.read(file).items()}
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except OSError as error:
        raise WeightsError(f"{file} cannot be read: {error.strerror or error}.", "Check its name.") from error
    except (RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).strip().partition(".")[0]
        raise WeightsError(f"{file} is no checkpoint that can be read safely: {reason}.", "Check the file.") from error


def count_parameters(network: Network, settings: Mapping[str, Any]) -> int:
    """The number of a network's parameters, as `settings` build it; no memory is taken for them."""
    with torch.device("meta"):
        module = network.build(**settings)
    return sum(parameter.numel() for parameter in module.parameters())


def save(module: torch.nn.Module, file: Path, network: str, settings: dict[str, Any], note: dict[str, str]) -> str:
    """Write a network's parameters in half precision, with the header `load` wants; returns the file's SHA-256.

    The file appears whole or not at all, and equal networks make equal bytes. Raises WeightsError where it cannot be
    written.
    """
    tensors = {name: value.detach().half().contiguous().cpu() for name, value in module.state_dict().items()}
    try:
        header = {"network": network, "settings": json.dumps(settings, sort_keys=True), **note}
        one = {_HEADER: json.dumps(header, sort_keys=True)}
        content = serialise(tensors, one)  # the library's own files are closed to others
        disk.write_all({file: content})
    except (SafetensorError, WriteError) as error:
        raise WeightsError(f"{file} cannot be written: {error}.", "Name a file in another folder.") from error
    return hashlib.sha256(content).hexdigest()
