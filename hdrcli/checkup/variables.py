"""Environment variables that change what hdrcli and its libraries do, where they are set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

from hdrcli.checkup.outcome import Check

AREA = "variables"
CURE = ""

NAMES = (
    "OMP_NUM_THREADS",
    "OMP_WAIT_POLICY",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "CUDA_VISIBLE_DEVICES",
    "PYTORCH_ALLOC_CONF",
    "PYTORCH_CUDA_ALLOC_CONF",
    "OPENCV_IO_MAX_IMAGE_PIXELS",
    "OPENCV_IO_ENABLE_OPENEXR",
    "MALLOC_ARENA_MAX",
    "LD_PRELOAD",
    "PYTHONPATH",
    "TMPDIR",
    "XDG_CONFIG_HOME",
)
OURS = "HDRCLI_"


def checks() -> Iterator[tuple[str, Check]]:
    """One for each that is set."""
    for name in sorted(name for name in os.environ if name in NAMES or name.startswith(OURS)):
        yield name, partial(os.environ.__getitem__, name)
