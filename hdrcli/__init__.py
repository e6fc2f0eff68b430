"""hdrcli: fuse exposure brackets with trained networks and classical fusers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hdrcli.adjustments import Adjustments
    from hdrcli.evaluation import evaluate
    from hdrcli.pipeline import FuseReport, fuse
    from hdrcli.rendering import tonemap
    from hdrcli.scores import Evaluation

__all__ = ["Adjustments", "Evaluation", "FuseReport", "__version__", "evaluate", "fuse", "tonemap"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the pipeline on first use: `import hdrcli` alone stays fast."""
    homes = {
        "fuse": "pipeline",
        "FuseReport": "pipeline",
        "tonemap": "rendering",
        "Adjustments": "adjustments",
        "evaluate": "evaluation",
        "Evaluation": "scores",
    }
    if name in homes:
        return getattr(import_module(f"hdrcli.{homes[name]}"), name)
    raise AttributeError(f"module 'hdrcli' has no attribute {name!r}")
