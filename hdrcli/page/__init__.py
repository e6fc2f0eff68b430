"""Pages to look at: one HTML file that opens offline and shows what `fuse` or `evaluate` made, and of what.

A page is handed the pixels of each bracket or pair while they are in memory, keeps small encoded pictures of them, and
is written at the end, whole or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hdrcli.page.evaluated import EvaluatedPage
    from hdrcli.page.fused import FusedPage

__all__ = ["EvaluatedPage", "FusedPage"]


def __getattr__(name: str) -> Any:
    """Import what is asked for alone: a page of `fuse` needs no metrics."""
    if name == "FusedPage":
        from hdrcli.page.fused import FusedPage

        return FusedPage
    if name == "EvaluatedPage":
        from hdrcli.page.evaluated import EvaluatedPage

        return EvaluatedPage
    raise AttributeError(f"module 'hdrcli.page' has no attribute {name!r}")
