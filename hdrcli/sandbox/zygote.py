"""A process of one thread that has loaded what decoders need and forks one process for each file.

It reads no file itself. A request is a packet on its control socket with two files: the line to the process that asked,
and a pipe on which it tells how the one that it forked has ended. When whoever asked closes that pipe, nobody waits any
more: the process is killed. When the control socket is closed, by an exit or a kill, all are.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import select
import signal
import socket
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from hdrcli.sandbox import task
from hdrcli.sandbox.control import ENDED, PACKET, READY


class Zygote:
    """The loop of the process."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._tasks: dict[int, int] = {}  # the number of the process by the pipe
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._wake, waker = socket.socketpair()
        for line in (self._wake, waker):
            line.setblocking(False)
        self._waker = waker
        signal.set_wakeup_fd(waker.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._poll.register(self._wake, select.POLLIN)

    def run(self) -> NoReturn:
        """Fork for each request, until the control socket is closed."""
        self._control.sendall(READY)
        while True:
            for file, _ in self._poll.poll():
                if file == self._control.fileno():
                    self._take()
                elif file == self._wake.fileno():
                    with contextlib.suppress(BlockingIOError):
                        self._wake.recv(4096)
                elif file in self._tasks:  # whoever asked has gone
                    os.kill(self._tasks[file], signal.SIGKILL)  # not waited for, so that the number is still its own
                    self._poll.unregister(file)
            self._reap()

    def _take(self) -> None:
        """Fork for the next request; end everything when there can be none."""
        packet, files, _, _ = socket.recv_fds(self._control, PACKET, 2)
        if not packet:
            for pid in self._tasks.values():
                os.kill(pid, signal.SIGKILL)
            os._exit(0)
        for name in packet.decode().split():
            with contextlib.suppress(ImportError):  # which is said where it is used
                import_module(name)
        if not files:
            return
        line, ended = files
        zygote = os.getpid()
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            self._become(line, zygote)
        os.close(line)
        self._tasks[ended] = pid
        self._poll.register(ended, 0)

    def _become(self, line: int, zygote: int) -> NoReturn:
        """Be the process that decodes."""
        try:
            gc.enable()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            task.die_with(zygote)
            for end in (self._control, self._wake, self._waker):
                end.close()
            for file in self._tasks:
                os.close(file)
            task.serve(socket.socket(fileno=line))
            os._exit(0)
        finally:
            os._exit(1)

    def _reap(self) -> None:
        by_pid = {pid: ended for ended, pid in self._tasks.items()}
        while by_pid:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            ended = by_pid.pop(pid)
            del self._tasks[ended]
            with contextlib.suppress(KeyError):
                self._poll.unregister(ended)
            with contextlib.suppress(OSError):  # nobody wants to know
                os.write(ended, ENDED.pack(os.waitstatus_to_exitcode(status)))
            os.close(ended)


def main(control: int) -> NoReturn:
    """Be the zygote whose control socket is this file."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # when memory runs out, these shall go first (Linux)
        Path("/proc/self/oom_score_adj").write_text("1000")
    gc.disable()
    Zygote(socket.socket(fileno=control)).run()
