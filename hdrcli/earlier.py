"""Results of earlier runs that lie among the inputs: pictures that look like frames and are none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hdrcli.manifest import NAME, Manifest


def earlier_results(inputs: Sequence[Path], output: Path) -> list[Path]:
    """What earlier runs wrote into the input folders and into folders in them, but for `output`: these are no frames.

    Raises WriteError for a fused.json that cannot be gone by.
    """
    folders = list(filter(os.path.isdir, inputs))
    inside = [file.parent for folder in folders for file in folder.glob(f"*/{NAME}")]
    folders += [folder for folder in inside if folder.resolve() != output.resolve()]
    return [result for folder in folders for result in Manifest(folder).outputs() if result.exists()]
