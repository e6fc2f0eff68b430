"""What half precision changes in a result: the pictures of bf16 and of fp32, level by level."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import hdrcli


def compared(model: str, folder: Path, device: str) -> dict[str, Any]:
    """The largest and the mean difference of the two PNGs of a bracket, in levels of 255.

    The static merge is off: it would put the same light into both. Raises HdrcliError for a bracket that fails.
    """
    made = [_picture(model, folder, device, precision) for precision in ("fp32", "bf16")]
    differences = np.abs(made[0] - made[1])
    return {
        "model": model,
        "megapixels": made[0].shape[0] * made[0].shape[1] / 1e6,
        "largest": int(differences.max()),
        "mean": float(differences.mean()),
        "above_one": float((differences > 1).mean()),
    }


def _picture(model: str, folder: Path, device: str, precision: str) -> np.ndarray:
    """(H, W, 3) levels, int16."""
    import cv2

    given: Any = {"align": "off", "static_merge": "off", "formats": ("png",)}
    with tempfile.TemporaryDirectory() as output:
        report = hdrcli.fuse([folder], model=model, output=output, device=device, precision=precision, **given)
        for failed in report.failed:
            if failed.error is not None:
                raise failed.error
        (png,) = report.brackets[0].outputs
        return np.asarray(cv2.imread(str(png)), np.int16)
