"""Native code on a file's bytes, in a process of its own: a crash, a loop or greed costs that file and nothing else.

One process, the `zygote`, which reads no file, loads the decoders once, forks for each file, and watches the time
(`allowance`). What a function is given and what it returns are sent as inert data (`message`, `wire`). Windows cannot
fork: there functions run in the process that calls them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Made = TypeVar("Made")


def prepare(*modules: str) -> None:
    """Start the zygote, without waiting for it: functions of such modules will be called soon."""
    if os.name == "posix":
        from hdrcli.sandbox import client

        client.prepare(modules)


def call(
    function: Callable[..., Made], path: Path, *arguments: Any, modules: tuple[str, ...] = (), small: bool = False
) -> Made:
    """`function(path, *arguments)` in a process of its own; `function` is a module's, and raises what it raises here.

    `modules` are those that it will import, loaded once for all calls. Arguments and results are of the types that
    `message` knows. A `small` request, of which there are thousands, may share its process with others, as long as
    these go well. Raises ReadError when the process crashes, takes too long or answers nonsense.
    """
    if os.name != "posix":
        return function(path, *arguments)
    from hdrcli.sandbox import client

    return client.call(function, path, *arguments, modules=modules, small=small)


def is_apart() -> bool:
    """Whether functions run in processes of their own here: Windows and programs frozen into one file cannot."""
    return call(_process, Path()) != os.getpid()


def _process(path: Path) -> int:
    return os.getpid()
