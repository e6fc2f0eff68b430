"""Texts for bug reports, without what names a person: home is ~, and folders named after the user are too."""

from __future__ import annotations

import getpass
import os
import re
from functools import lru_cache
from pathlib import Path

SAYS = "Home is shown as ~, and so is a folder of the user's name; host names are left out."


def without_names(text: str) -> str:
    """`text` with ~ in place of the home folder, and of any other part of a path that is the user's name."""
    for home in _homes():
        text = re.sub(rf"{re.escape(home)}(?![\w.-])", "~", text)
    user = _user()
    return re.sub(rf"(?<=[/\\]){re.escape(user)}(?![\w.-])", "~", text) if user else text


@lru_cache(maxsize=1)
def _homes() -> tuple[str, ...]:
    """The home folder as it is called and as it is, the longer name first; a root is none."""
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home
        return ()
    names = {str(home), os.path.realpath(home)}
    return tuple(sorted((name for name in names if len(Path(name).parts) > 1), key=len, reverse=True))


@lru_cache(maxsize=1)
def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a number without a name
        return ""
