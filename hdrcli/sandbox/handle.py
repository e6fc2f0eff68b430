"""The zygote as seen by the process that starts it. Nothing heavy is imported: it shall start before all else is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from hdrcli.sandbox.control import ENDED, READY, packet

_START = 60.0
"""Seconds that the start of a Python may take."""

_PROGRAM = "import sys; sys.path[:] = sys.argv[2:]; from hdrcli.sandbox import zygote; zygote.main(int(sys.argv[1]))"
_FLAGS = ("-I", "-B") if sys.dont_write_bytecode else ("-I",)


class Gone(Exception):  # noqa: N818 (not an error of a user's)
    """The zygote has ended."""


class Session:
    """A process that the zygote has forked: the line to it, and the pipe on which is told how it has ended."""

    def __init__(self, line: socket.socket, watch: int) -> None:
        self.line = line
        self._watch = watch
        self.asked = 0

    def ending(self) -> int:
        """Its exit status, or minus the signal that has ended it; it ends now, if it still runs. Raises Gone."""
        self.line.close()
        told = os.read(self._watch, ENDED.size)
        if len(told) < ENDED.size:
            raise Gone
        status: int = ENDED.unpack(told)[0]
        return status

    def close(self) -> None:
        """End it."""
        self.line.close()
        os.close(self._watch)


class ZygoteHandle:
    """A zygote that runs. Raises OSError when it cannot be started."""

    def __init__(self) -> None:
        self._control, end = socket.socketpair()
        self._lock = threading.Lock()
        self._is_ready = False
        self.idle: list[Session] = []
        with end:
            self._process = subprocess.Popen(  # noqa: S603 (this Python, and a program of our own)
                [sys.executable, *_FLAGS, "-c", _PROGRAM, str(end.fileno()), *_search_path()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[end.fileno()],
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # a process of several threads must not fork
                start_new_session=True,  # Ctrl-C and Ctrl-Z are the asking process's
            )

    def load(self, modules: tuple[str, ...]) -> None:
        """Let it load modules that will be needed."""
        self._say(packet(modules), [])

    def is_up(self) -> bool:
        """Whether it has come up, once that is known."""
        with self._lock:
            if not self._is_ready:
                self._control.settimeout(_START)
                try:
                    self._is_ready = self._control.recv(len(READY)) == READY
                except OSError:
                    return False
                self._control.settimeout(None)
            return self._is_ready

    def fork(self, modules: tuple[str, ...]) -> Session:
        """A process that has loaded the modules. Raises Gone."""
        line, far = socket.socketpair()
        watch, ended = os.pipe()
        try:
            self._say(packet(modules), [far.fileno(), ended])
        except BaseException:
            line.close()
            os.close(watch)
            raise
        finally:
            far.close()
            os.close(ended)
        return Session(line, watch)

    def _say(self, asked: bytes, files: list[int]) -> None:
        try:
            with self._lock:
                socket.send_fds(self._control, [asked], files)
        except OSError as error:
            raise Gone from error

    def close(self) -> None:
        """End it. It ends by itself, too, when this process does."""
        while self.idle:
            self.idle.pop().close()
        self._control.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _search_path() -> list[str]:
    """Where this process finds modules, the package first: an editable installation is on no path."""
    return [str(Path(__file__).parents[2]), *(os.path.abspath(part) for part in sys.path)]  # noqa: PTH100 (links stay)
