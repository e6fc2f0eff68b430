"""Paths and words as they are typed: none may be empty, as the variables of a script may be by mistake."""

from __future__ import annotations

from pathlib import Path

from hdrcli.errors import UsageError


def folder(option: str, text: str) -> Path:
    """The folder of an option. Raises UsageError for no text, which would mean the current folder, and for a dash."""
    if text == "-":
        raise UsageError(
            f"{option} takes the name of a folder, not -.", f"Type {option} DIR, or ./- for one of that name."
        )
    if not text:
        raise UsageError(f"{option} is empty.", f"Type {option} DIR; in a script, check the variable.")
    return Path(text)


def word(option: str, text: str | None) -> str | None:
    """The text of an option, if it is given. Raises UsageError for none in it, which would mean the default."""
    if text == "":
        raise UsageError(f"{option} is empty.", f"Leave {option} out; in a script, check the variable.")
    return text


def paths(argument: str, texts: list[str]) -> list[Path]:
    """The paths of an argument. Raises UsageError for one without text, which would mean the current folder."""
    if not all(texts):
        raise UsageError(f"One {argument} is empty.", "Name files or folders; in a script, check the variable.")
    return [Path(text) for text in texts]
