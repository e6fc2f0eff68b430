"""The numbers in an HDF5 file of Keras: what `save_weights` and `model.save` write, in the file's own order.

Numbers alone are read. The description of the model that such a file may carry, with code among it, is left untouched.
"""

from __future__ import annotations

from collections.abc import Iterator
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
        left = file.stat().st_size
        with h5py.File(file, "r") as opened:
            root = opened.get("model_weights", opened)
            if "layer_names" not in root.attrs:
                raise KeyError("it lists no layers, as a .h5 file of `save_weights` or `model.save` does")
            found: dict[str, np.ndarray] = {}
            for name, dataset in _weights(root):
                left -= _bytes(dataset, opened.filename)
                if left < 0:  # Keras never packs them
                    raise ValueError(f"{dataset.name} claims more bytes than the file has")
                found[name] = np.asarray(dataset[()], np.float32)
    except MemoryError as error:
        raise WeightsError(f"{file} does not fit in memory.", "Check the file.") from error
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:  # HDF5 knows many ways
        reason = str(error.args[0] if error.args else error).strip().partition("\n")[0].rstrip(".")
        raise WeightsError(f"{file} is no whole HDF5 file of Keras: {reason}.", "Check the file.") from error
    return found


def _weights(root: Any) -> Iterator[tuple[str, Any]]:
    """Name and dataset of every weight. Names may repeat the layer's, with another number: the last part is kept."""
    for layer in _names(root, "layer_names"):
        paths = _names(root[layer], "weight_names")
        short = [path.rpartition("/")[2] for path in paths]
        names = short if len(set(short)) == len(short) else paths
        for name, path in zip(names, paths, strict=True):
            yield f"{layer}/{name}", root[layer][path]


def _names(group: Any, attribute: str) -> list[str]:
    names = np.asarray(group.attrs[attribute]).tolist()  # bytes in files of Keras 2, text in later ones
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


def _bytes(dataset: Any, file: str) -> int:
    """Raises ValueError for what is no number, and for numbers of another file: any that its reader may open."""
    if not hasattr(dataset, "dtype") or dataset.dtype.kind not in "fiu":
        raise ValueError(f"{dataset.name} holds no numbers")
    if dataset.file.filename != file or dataset.external or dataset.is_virtual:
        raise ValueError(f"{dataset.name} is kept in another file")
    return int(dataset.nbytes)
