"""The numbers in an HDF5 file of Keras: what `save_weights` and `model.save` write, in the file's own order.

Numbers alone are read. The description of the model that such a file may carry, with code among it, is left untouched.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hdrcli.errors import WeightsError

SUFFIXES = (".h5", ".hdf5", ".keras")


def read(file: Path) -> dict[str, np.ndarray]:
    """Every weight as float32 in Keras' layout, by "layer/weight" ("conv2d_1/kernel:0"), in the order of the layers.

    Raises WeightsError for a file that is damaged or not of Keras, and where h5py is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise WeightsError(
            f"{file} is a file of Keras; reading it takes h5py.", "pip install 'hdrcli[keras]'"
        ) from None
    try:
        size = file.stat().st_size
        with h5py.File(file, "r") as opened:
            root = opened.get("model_weights", opened)
            if "layer_names" not in root.attrs:
                raise KeyError("it lists no layers, as a .h5 file of `save_weights` or `model.save` does")
            found: dict[str, np.ndarray] = {}
            for layer in _names(root, "layer_names"):
                found |= _layer(root[layer], layer, size)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:  # HDF5 knows many ways
        reason = str(error.args[0] if error.args else error).strip().partition("\n")[0].rstrip(".")
        raise WeightsError(f"{file} is no whole HDF5 file of Keras: {reason}.", "Check the file.") from error
    return found


def _names(group: Any, attribute: str) -> list[str]:
    names = np.asarray(group.attrs[attribute]).tolist()  # bytes in files of Keras 2, text in later ones
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


def _layer(group: Any, layer: str, size: int) -> dict[str, np.ndarray]:
    """A layer's weights. Their names may repeat the layer's, with another number: only the last part is kept."""
    paths = _names(group, "weight_names")
    short = [path.rpartition("/")[2] for path in paths]
    names = short if len(set(short)) == len(short) else paths
    return {f"{layer}/{name}": _numbers(group[path], size) for name, path in zip(names, paths, strict=True)}


def _numbers(dataset: Any, size: int) -> np.ndarray:
    """Raises ValueError for what is no number, and for more bytes than the file has (Keras never packs them)."""
    if not hasattr(dataset, "dtype") or dataset.dtype.kind not in "fiu":
        raise ValueError(f"{dataset.name} holds no numbers")
    if dataset.nbytes > size:
        raise ValueError(f"{dataset.name} claims more bytes than the file has")
    return np.asarray(dataset[()], np.float32)
