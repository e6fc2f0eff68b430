"""ColorVideoVDP, the authors' package: an extra, as it brings many others."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

from hdrcli.errors import MetricError

INSTALL = "pip install 'hdrcli[cvvdp]'"


def package() -> ModuleType:
    """The package `pycvvdp`. Raises MetricError where it is missing or does not load."""
    try:
        with quiet():
            _load_torchvision()
            import pycvvdp
    except ImportError as error:
        raise MetricError(f"ColorVideoVDP is not installed ({error}).", INSTALL) from error
    except RuntimeError as error:
        raise MetricError(
            f"ColorVideoVDP does not load ({error}).", "Install torch and torchvision of matching versions."
        ) from error
    return pycvvdp


def _load_torchvision() -> None:
    """Import torchvision, of which ColorVideoVDP takes the blur, also where its compiled half does not fit torch.

    PyPI's builds of torchvision expect torch with CUDA. Beside a torch for processors alone they stop at operators that
    they meant to have compiled, so these are declared; without them the rest works.
    """
    import torch

    try:
        import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        for operator in ("nms", "qnms"):
            torch.library.define(f"torchvision::{operator}", "(Tensor boxes, Tensor scores, float overlap) -> Tensor")
        import_module("torchvision")


@contextmanager
def quiet() -> Iterator[None]:
    """The package logs to the root logger, which would set itself up to print if nobody listened."""
    nobody = logging.NullHandler()
    logging.root.addHandler(nobody)
    try:
        yield
    finally:
        logging.root.removeHandler(nobody)
