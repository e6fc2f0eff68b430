"""Numbers and names as a page says them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hdrcli.image import FrameHeader

MINUS = "\N{MINUS SIGN}"
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
"""Characters that HTML does not allow, halves of characters, which stand for bytes of a name that are no text, and what
turns the direction of the words behind a name."""


def plain(text: object) -> str:
    """`text` with replacement characters for all that a page cannot hold. Markup is for the templates to escape."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(text))


def stops(value: float) -> str:
    """Stops with their sign: "+2", "−0.33", "0"."""
    rounded = round(value, 2) + 0.0
    return f"{rounded:+g}".replace("-", MINUS) if rounded else "0"


def seconds(time: float) -> str:
    """An exposure time as cameras write it."""
    return f"1/{round(1 / time)} s" if time < 0.3 else f"{time:g} s"


def shot(header: FrameHeader) -> str:
    """Exposure time, f-number and ISO, as far as they are known."""
    told = (
        seconds(header.exposure_time) if header.exposure_time else "",
        f"f/{header.f_number:g}" if header.f_number else "",
        f"ISO {header.iso:g}" if header.iso else "",
    )
    return ", ".join(part for part in told if part)


def percent(share: float) -> str:
    """A share in percent, to a tenth where it is small."""
    if 0 < share < 0.0005:
        return "under 0.1 %"
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.1 else f"{100 * share:.1f} %"


def settings(told: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Settings by name, as pairs of words; those that were left open are left out."""
    return tuple((name, _value(value)) for name, value in told.items() if value is not None and _value(value))


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(one)}" for name, one in value.items() if one is not None)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_value, value))
    return str(value)
