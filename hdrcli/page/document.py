"""A page as one HTML file: templates filled, style and scripts inside, nothing to fetch from anywhere.

The page's own Content-Security-Policy allows that style and those scripts, by digest, and pictures that it holds:
whatever a file's name might smuggle in runs nowhere. Jinja2 escapes all text, and JSON for scripts.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

import hdrcli
from hdrcli import disk
from hdrcli.errors import UsageError, WriteError
from hdrcli.page import words
from hdrcli.page.contents import Page, Picture, Scene, View

FOLDER = Path(__file__).parent
STYLES = ("page.css", "viewer.css")
SCRIPTS = ("light.js", "viewer.js", "page.js")
SUFFIXES = (".html", ".htm")
GENERATOR = "hdrcli"

_MARK = f'<meta name="generator" content="{GENERATOR} '.encode()
_HEAD_BYTES = 4096
"""Of a file, in which the mark of our own pages is."""


def checked(path: Path, *, overwrite: bool) -> Path:
    """`path`, if a page may be written there: before any work.

    Raises UsageError for one that does not end in .html, WriteError for one that cannot be written or that holds what
    is no page of hdrcli, unless `overwrite`.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f'--report "{path}" is no name of a page.', "Pass --report page.html.")
    if path.is_dir():
        raise WriteError(f"{path} is a folder.", "Pass --report page.html, a file.")
    disk.check_writable(path.parent)
    if path.exists() and not overwrite and not (path.is_file() and _is_ours(path)):
        raise WriteError(f"{path} exists and is no page of hdrcli.", "Pass --overwrite, or another name to --report.")
    return path


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return _MARK in file.read(_HEAD_BYTES)
    except OSError as error:
        raise WriteError(f"{path} cannot be read: {error.strerror or error}.", "Pass another --report.") from error


def write(path: Path, page: Page) -> None:
    """Write a page, whole or not at all. Raises WriteError."""
    disk.write_all({path: render(page)})


def render(page: Page) -> bytes:
    """The HTML of a page, UTF-8."""
    style = "".join([*map(_text, STYLES), *_proportions(page)])
    script = "".join(map(_text, SCRIPTS))
    policy = f"default-src 'none'; img-src data:; style-src {_digest(style)}; script-src {_digest(script)}; "
    filled = (
        _templates()
        .get_template("page.html")
        .generate(
            page=page,
            data=_data,
            style=Markup(style),  # noqa: S704 (our own files and numbers)
            script=Markup(script),  # noqa: S704
            policy=policy + "base-uri 'none'; form-action 'none'",
            generator=f"{GENERATOR} {hdrcli.__version__}",
            made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )
    )
    return b"".join(piece.encode() for piece in filled)  # at once, for a text takes up to four times as much


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: value if isinstance(value, (int, float, Markup)) else words.plain(value),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["stops"] = words.stops
    environment.filters["zip"] = zip
    return environment


@cache
def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _proportions(page: Page) -> Iterator[str]:
    """The proportions of each stage: a style attribute would need a policy that allows them all."""
    for number, scene in enumerate(page.scenes, 1):
        if scene.results:
            shown = scene.results[0].picture
            yield f"#scene-{number} .stage{{--ratio:{shown.width / shown.height:.5f};--pixels:{shown.width}px}}\n"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _data(scene: Scene) -> dict[str, Any]:
    """What the scripts need of a scene; the first result's picture stands in the page."""
    first, *more = scene.results
    return {
        "results": [_view(first, ""), *(_view(one, one.picture.url) for one in more)],
        "others": [_view(one, one.picture.url) for one in scene.others],
        "moved": _url(scene.moved),
    }


def _view(view: View, url: str) -> dict[str, Any]:
    light = view.light
    return {
        "name": words.plain(view.name),
        "description": words.plain(view.description),
        "picture": url,
        "stops": view.stops if view.as_light else None,
        "light": light
        and {"data": base64.b64encode(light.data).decode(), "width": light.width, "height": light.height},
        "clipped": _url(view.clipped),
        "dark": _url(view.dark),
    }


def _url(picture: Picture | None) -> str | None:
    return picture.url if picture else None
