"""A page as a program reads it: its elements, its text, and what its scripts are given."""

from __future__ import annotations

import base64
import io
import json
import zlib
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

VOID = {"meta", "img", "br", "input", "link", "hr", "path", "line", "rect"}


@dataclass
class Element:
    """An element with its attributes and all text in it."""

    tag: str
    attributes: dict[str, str | None]
    text: str = ""


@dataclass
class Parsed(HTMLParser):
    """All elements of a page, in order. `open` are those that were never closed."""

    source: str
    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        closed = self.open.pop()
        if closed.tag != tag:
            raise AssertionError(f"</{tag}> closes <{closed.tag}>")

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, tag: str, name: str | None = None) -> list[Element]:
        """The elements of a tag, and of a class."""
        found = [one for one in self.elements if one.tag == tag]
        return found if name is None else [one for one in found if name in (one.attributes.get("class") or "").split()]

    def views(self) -> list[dict[str, Any]]:
        """What the scripts are given of each scene."""
        return [json.loads(one.text) for one in self.all("script", "views")]


def read(path: Path) -> Parsed:
    return Parsed(path.read_text(encoding="utf-8"))


def picture(url: str) -> np.ndarray:
    """(H, W, 4) uint8 of a picture in the page."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGBA"))


def unpacked(light: dict[str, Any]) -> np.ndarray:
    """(H, W, 3) float32 of packed light: its steps undone by cumulative sums."""
    size = 3, light["height"], light["width"]
    high, low = np.frombuffer(zlib.decompress(base64.b64decode(light["data"])), np.uint8).reshape(2, *size)
    zigzag = high.astype(np.uint16) << 8 | low
    steps = (zigzag >> 1) ^ (0 - (zigzag & 1)).astype(np.uint16)
    steps[:, :, 0] = np.cumsum(steps[:, :, 0], axis=1, dtype=np.uint16)
    planes = np.cumsum(steps, axis=2, dtype=np.uint16)
    planes[0] += planes[1]
    planes[2] += planes[1]
    return planes.view(np.float16).astype(np.float32).transpose(1, 2, 0)
