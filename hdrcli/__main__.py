"""`hdrcli`, and `python -m hdrcli`: from the first moment, where Ctrl-C may come too, to the exit status."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

INTERRUPTED, TERMINATED = 130, 143


def run() -> NoReturn:
    """Run the command line and exit with its status.

    A run that was broken off is left at once: Python would wait for the threads that a second Ctrl-C has left behind,
    and makes of 130 a death by SIGINT where the first one came while a library executed source text.
    """
    try:
        from hdrcli import heap
        from hdrcli.cli.app import main

        heap.shared()  # before a library begins a thread

        status = main()
    except KeyboardInterrupt:  # while modules were loaded, or a second one on the way out
        status = INTERRUPTED
        sys.stderr.write("Interrupted.\n")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # too late now
    if status not in (INTERRUPTED, TERMINATED):
        sys.exit(status)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    run()
