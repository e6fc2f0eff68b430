"""What a page shows, as data: a page has scenes, a scene has views, and a view is one picture of it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Role = Literal["result", "truth", "frame", "map"]


@dataclass(frozen=True)
class Picture:
    """An encoded picture: `kind` is its media type without "image/"."""

    data: bytes
    kind: str
    width: int
    height: int

    @property
    def url(self) -> str:
        return f"data:image/{self.kind};base64,{base64.b64encode(self.data).decode()}"


@dataclass(frozen=True)
class Light:
    """Linear light as packed half floats (`hdrcli.page.light`)."""

    data: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Scale:
    """What the colours of an error map mean: from 0 to `top`, in `unit`."""

    top: str
    unit: str


@dataclass(frozen=True)
class View:
    """One picture of a scene.

    `words` say what it is in a line, `description` for those who do not see it. `stops` are the exposure that makes
    `light` of another view look like this one, None where that is not known; `as_light` says whether decoding this
    picture by sRGB gives its own. `clipped` and `dark` show where it has lost detail, `lost` says how much. `histogram`
    are SVG paths of its red, green and blue levels.
    """

    name: str
    role: Role
    words: str
    description: str
    picture: Picture
    thumbnail: Picture
    stops: float | None = None
    light: Light | None = None
    clipped: Picture | None = None
    dark: Picture | None = None
    lost: str = ""
    histogram: tuple[str, ...] = ()
    scale: Scale | None = None
    is_reference: bool = False
    as_light: bool = True


@dataclass(frozen=True)
class Part:
    """A part of the scene at 100 %, out of several views: pairs of a view's name and its pixels there."""

    title: str
    place: str
    pictures: tuple[tuple[str, Picture], ...]


@dataclass(frozen=True)
class Span:
    """The light in which a frame holds detail, in percent of a `Range`'s axis."""

    name: str
    start: float
    end: float


@dataclass(frozen=True)
class Range:
    """How much of the scene is how bright: an SVG path over `lowest` to `highest` stops, and what frames hold of it."""

    path: str
    lowest: int
    highest: int
    spans: tuple[Span, ...]
    words: str

    @property
    def ticks(self) -> list[int]:
        """Every second stop inside the axis, 0 among them."""
        return [stop for stop in range(self.lowest + 1, self.highest) if stop % 2 == 0]

    def percent(self, stops: float) -> float:
        """Where on the axis a brightness lies."""
        return round(100 * (stops - self.lowest) / (self.highest - self.lowest), 2)


@dataclass(frozen=True)
class Table:
    """A table: the first `texts` columns are words, the others figures; `best` are (row, column) of the best ones."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1
    best: frozenset[tuple[int, int]] = frozenset()
    sums: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class File:
    """A file that went in or came out, with its SHA-256 and size in bytes."""

    name: str
    role: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Scene:
    """A section of the page: a bracket and its result, or predictions and their truth.

    `results` and `others` are the views on the two sides of the slider. `status` and `error` are of one that is not
    shown, for whichever reason.
    """

    name: str
    words: str = ""
    status: str = "done"
    error: str = ""
    results: tuple[View, ...] = ()
    others: tuple[View, ...] = ()
    moved: Picture | None = None
    moved_share: str = ""
    range: Range | None = None
    parts: tuple[Part, ...] = ()
    table: Table | None = None
    notes: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    files: tuple[File, ...] = ()


@dataclass(frozen=True)
class Page:
    """All that a page shows; `left` are files that were in no bracket."""

    title: str
    words: str
    scenes: Sequence[Scene]
    table: Table | None = None
    notes: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    left: tuple[str, ...] = ()
