"""Find, check and load weights files. A file is used only when its SHA-256 is the one its row of data promises."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialise

from hdrcli import disk, keras_files, sandbox
from hdrcli.contracts import Network
from hdrcli.errors import ReadError, WeightsError, WriteError, excerpt
from hdrcli.records import DEFAULT_TAG, records
from hdrcli.tiling import TiledModule

_HEADER = "hdrcli"
"""The one entry of a file's metadata: JSON with sorted keys. Of several entries, as files had until now, the library
writes the order at random, and two equal trainings made files of two digests."""

MOST = 1024
"""No network has more of anything; a file that asks for more would have it built for ever."""

UNSAFE = (RuntimeError, EOFError, LookupError, ValueError, TypeError, AttributeError, pickle.UnpicklingError)
"""What torch.load raises for a file that is none of PyTorch's, is not whole, or holds code."""


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
        known = {**{name: str(text) for name, text in header.items()}, "settings": dict(settings)}
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{file} is not a whole safetensors file: {error}.", "Pass another --weights.") from error
    except (TypeError, AttributeError, RecursionError) as error:
        raise WeightsError(f"{file} has a header that is none of hdrcli's.", "Pass another --weights.") from error
    if known.get("network", name) != name:
        other = excerpt(known["network"])
        raise WeightsError(f"{file} holds weights for {other}, not {name}.", f"Pass -m {other}.")
    large = [key for key, value in settings.items() if isinstance(value, (int, float)) and not -MOST <= value <= MOST]
    if large:
        raise WeightsError(f"{file} has the impossible setting {excerpt(large[0])}.", "Pass weights of this network.")
    return settings


def _fill(network: Network, settings: Any, file: Path, name: str) -> TiledModule:
    try:
        with torch.device("meta"):
            wanted = network.build(**settings).state_dict()
        with safe_open(file, "pt") as opened:
            state = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118 (not a dict)
        _check(state, wanted, file, name)  # before memory is taken for what a file only claims
        module = network.build(**settings)
        module.load_state_dict({key: value.float() for key, value in state.items()})
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{file} is not a whole safetensors file: {error}.", "Pass another --weights.") from error
    except (RuntimeError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(":.")
        raise WeightsError(
            f"{file} does not fit {name}: {excerpt(reason)}.", "Pass weights of this network."
        ) from error
    return module.eval()


def _check(state: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor], file: Path, name: str) -> None:
    """Raises WeightsError for tensors that are not all of a network's, in their shapes, or are no finite numbers."""
    cure = "Pass weights of this network."
    if other := sorted(set(state) ^ set(wanted)):
        has = "has no" if other[0] in wanted else "has a foreign"
        raise WeightsError(f"{file} does not fit {name}: it {has} {excerpt(other[0])}.", cure)
    for key, value in state.items():
        if value.shape != wanted[key].shape:
            shapes = " where it should be ".join(str(tuple(one.shape)) for one in (value, wanted[key]))
            raise WeightsError(f"{file} does not fit {name}: {key} is {shapes}.", cure)
        if not value.is_floating_point() or not bool(value.isfinite().all()):
            raise WeightsError(f"{file} holds no finite numbers in {key}.", cure)


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
        if lost := [key for key, value in module.state_dict().items() if not bool(value.half().isfinite().all())]:
            raise ValueError(f"{lost[0]} has numbers that are not finite in half precision")
    except (LookupError, StopIteration, RuntimeError, AttributeError, TypeError, ValueError) as error:
        reason = str(error.args[0] if error.args else "what they hold is of another network").strip()
        raise WeightsError(
            f"The files hold no whole {name}: {reason.splitlines()[0].rstrip(':.')}.", f"Give all files of {name}."
        ) from error
    return save(module, target, name, settings, {"source": "imported from the authors' checkpoints"})


def _checkpoint(file: Path) -> dict[str, Any]:
    """A checkpoint's tensors by name, in its own layout; one of PyTorch that holds code is refused."""
    if file.exists() and not file.is_file():  # a pipe is waited for without end
        raise WeightsError(f"{file} is no file.", "Give the authors' PyTorch or Keras files.")
    if file.suffix.lower() in keras_files.SUFFIXES:
        return {name: torch.from_numpy(value) for name, value in _of_keras(file).items()}
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except OSError as error:
        raise WeightsError(f"{file} cannot be read: {error.strerror or error}.", "Check its name.") from error
    except (*UNSAFE, SafetensorError) as error:  # the latter of a file that is called so
        reason = str(error).strip().partition(".")[0]
        raise WeightsError(f"{file} is no checkpoint that can be read safely: {reason}.", "Check the file.") from error


def _of_keras(file: Path) -> dict[str, np.ndarray]:
    """A checkpoint of Keras, read in a process of its own: on damaged files HDF5's library can loop for ever."""
    try:
        return sandbox.call(keras_files.read, file, modules=("h5py",))
    except ReadError as error:  # of the process
        raise WeightsError(error.message, "Check the file.") from error


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
