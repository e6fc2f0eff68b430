"""What works here: packages, formats, devices, networks, a whole fuse, folders and variables, each tried.

Every file but `outcome` and those with an underscore is an area: `AREA` is its name, `CURE` what to type where one of
its checks fails unforeseen, and `checks()` gives them by name. A check returns what it found, in words; it raises
`Note` for what is merely not here, HdrcliError for what must work and does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

from hdrcli.checkup.outcome import Outcome, tried

AREAS = ("packages", "reading", "writing", "devices", "networks", "fusing", "places", "variables")
"""In the order in which one is the ground for the next."""


def check_all(begun: Callable[[str], None] = lambda area: None) -> Iterator[Outcome]:
    """The outcomes of all checks; `begun` is told each area. Nothing that a check does ends the others."""
    for name in AREAS:
        area = import_module(f"hdrcli.checkup.{name}")
        begun(area.AREA)
        yield from tried(area.AREA, area.CURE, area.checks)
