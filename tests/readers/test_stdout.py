"""A library's words on standard output: a thread hears its own, and what others print goes where it should."""

from __future__ import annotations

import sys
import threading

import pytest

from hdrcli.readers._stdout import heard


def test_threads_that_listen_side_by_side_hear_themselves_alone(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    both, first_is_done = threading.Barrier(2), threading.Event()
    said: dict[str, str] = {}

    def listen(name: str) -> None:
        with heard() as words:
            both.wait(10)
            print(name)  # noqa: T201
            both.wait(10)
            if name == "second":
                first_is_done.wait(10)  # the one that came first need not be the first to go
        said[name] = words.getvalue()
        first_is_done.set()

    threads = [threading.Thread(target=listen, args=(name,)) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    print("main")  # noqa: T201
    for thread in threads:
        thread.join()
    assert said == {"first": "first\n", "second": "second\n"}
    assert sys.stdout is before
    print("after")  # noqa: T201
    assert capsys.readouterr().out == "main\nafter\n"
