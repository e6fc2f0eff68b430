"""Names that files may have and programs stumble over, and what they lie beside: links, pipes, sockets, folders."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

NAMES: dict[str, bytes] = {
    "spaces": b" two  words ",
    "composed": "Z\u00fcrich".encode(),
    "decomposed": "Zu\u0308rich".encode(),
    "right to left": "\u05d0\u05d1\u202egpj.exe".encode(),
    "emoji": "\U0001f469\u200d\U0001f4bb \U0001f1e8\U0001f1ed".encode(),
    "no UTF-8": b"caf\xe9\xff\xfe",
    "overlong UTF-8": b"a\xc0\xafb",
    "surrogate in UTF-8": b"a\xed\xa0\x80b",
    "dash": b"-o",
    "dashes": b"--json",
    "dashes alone": b"--",
    "newlines": b"one\ntwo\r\nthree",
    "tab": b"\tone\ttwo",
    "bell and title": b"a\x1b]0;PWNED\x07b",
    "colour": b"a\x1b[31mred\x1b[0m",
    "screen cleared": b"\x1b[2J\x1b[Hgone",
    "C1 control": "a\u009b31mb\u0085c".encode(),
    "delete and backspace": b"a\x7f\x08\x08\x08b",
    "line separators": "a\u2028b\u2029c".encode(),
    "zero width": "a\u200bb\ufeffc\u00ad".encode(),
    "markup": b"[red]x[link=http:x.org]y[",
    "backslashed markup": b"\\[bold]\\",
    "emoji code": b":smile:",
    "single quote": b"it's",
    "double quote": b'a"b"',
    "percents": b"100%s %d %(a)s %n",
    "braces": b"{0} {name} {{}} ${HOME}",
    "dollar": b"$HOME$(touch PWNED)",
    "backticks": b"`touch PWNED`",
    "semicolons": b"a;touch PWNED;&|<>*?",
    "HTML": b"<script>alert(1)<!--",
    "end of script": b"x<:script><img src=x onerror=alert(1)>",
    "attribute": b"\" onload='alert(1)' x=\"",
    "template": b"{{ 7*7 }}{% raw %}",
    "formula": b"=1+1",
    "plus": b"+1",
    "at": b"@SUM(A1)",
    "minus": b"-1+1",
    "command in a cell": b"=cmd|' :C calc'!A0",
    "comma and quote": b'a,"b",c',
    "semicolon and quote": b'a;"b',
    "XML": b"]]>&amp;&lt;<a b='c'>&#0;",
    "leading dots": b"..x..",
    "trailing dot": b"x.",
    "dots": b"a.b.c.jpg",
    "suffix of a result": b"x.png",
    "Windows device": b"con",
    "Windows device with suffix": b"nul.txt",
    "Windows characters": b'a:b*c?d"e<f>g|h',
    "backslashes": b"..\\..\\x",
    "longest": b"n" * 240,
    "longest of UTF-8": "\u00e9".encode() * 120,
    "number": b"0",
    "not a number": b"nan",
    "many digits": b"9" * 200,
    "digits of other scripts": "\u0661\u0662\u00b2\u2460".encode(),
    "case that folds longer": "\u00df\u0130\ufb01".encode(),
}
"""By what is awkward. A name of a file cannot hold "/" or a zero byte; nothing else is excluded."""


def path(folder: Path, name: bytes, suffix: str = "") -> Path:
    """The path of a name in a folder."""
    return folder / os.fsdecode(name + suffix.encode())


def _pipe(at: Path, frame: Path) -> None:
    os.mkfifo(at)


def _socket(at: Path, frame: Path) -> None:
    here = Path.cwd()
    os.chdir(at.parent)  # a socket's path may have 108 bytes
    try:
        with closing(socket.socket(socket.AF_UNIX)) as made:
            made.bind(at.name)
    finally:
        os.chdir(here)


def _device(target: str) -> Callable[[Path, Path], None]:
    return lambda at, frame: at.symlink_to(target)


def _outside(at: Path, frame: Path) -> None:
    outside = at.parent.parent / "outside"
    outside.mkdir(exist_ok=True)
    at.symlink_to(shutil.copy(frame, outside / "frame.jpg"))


Make = Callable[[Path, Path], None]
"""Makes something at a path, beside a frame."""

FILES: dict[str, Make] = {
    "pipe": _pipe,
    "socket": _socket,
    "endless device": _device("/dev/zero"),
    "empty device": _device("/dev/null"),
    "link to itself": lambda at, frame: at.symlink_to(at.name),
    "link to nothing": lambda at, frame: at.symlink_to("nothing"),
    "folder": lambda at, frame: at.mkdir(),
    "link to its own folder": lambda at, frame: at.symlink_to("."),
    "empty file": lambda at, frame: at.touch(),
    "unreadable file": lambda at, frame: at.touch(mode=0),
    "link to a frame outside": _outside,
    "link to a frame": lambda at, frame: at.symlink_to(frame.name),
    "hard link to a frame": lambda at, frame: at.hardlink_to(frame),
}
"""What may lie where a frame is looked for."""
