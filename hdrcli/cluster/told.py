"""An error on its way between processes: as words, for what led to it may be of types that do not travel."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from hdrcli.errors import HdrcliError


class RemoteError(Exception):
    """What led to an error in another process: its traceback, as text."""


@dataclass(frozen=True)
class Told:
    """An HdrcliError: its type, message and hint, and the traceback of it and its causes."""

    kind: type[HdrcliError]
    message: str
    hint: str
    led_to: str

    @classmethod
    def of(cls, error: HdrcliError) -> Told:
        """The words of an error."""
        return cls(type(error), error.message, error.hint, "".join(traceback.format_exception(error)))

    def error(self) -> HdrcliError:
        """The error again, with what led to it as its cause."""
        error = self.kind(self.message, self.hint)
        error.__cause__ = RemoteError(f"in another process:\n{self.led_to}")
        return error


@dataclass(frozen=True)
class Unfit:
    """What keeps a worker from the work, whatever the bracket."""

    address: str
    told: Told


class AgainError(Exception):
    """Raised in a task with a Told: it may go better another time, or elsewhere."""

    @property
    def told(self) -> Told:
        return self.args[0]
