"""hdrcli: fuse exposure brackets with trained networks and classical fusers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hdrcli.pipeline import FuseReport, fuse

__all__ = ["FuseReport", "__version__", "fuse"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the pipeline on first use: `import hdrcli` alone stays fast."""
    if name in ("fuse", "FuseReport"):
        from hdrcli import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module 'hdrcli' has no attribute {name!r}")
