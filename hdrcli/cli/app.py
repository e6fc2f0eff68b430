"""The `hdrcli` command: its subcommands, and the one place where errors become words and an exit status."""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from hdrcli import __version__, interrupts, memory
from hdrcli.__main__ import INTERRUPTED, TERMINATED
from hdrcli.cli import bench, console, doctor, evaluate, fuse, inspect, models, tonemap, train, usage, weights
from hdrcli.errors import HdrcliError

NAME = "hdrcli"
ASKED_BY_A_SHELL = "_HDRCLI_COMPLETE"
"""The variable by which a shell's completion script, as `--show-completion` prints it, asks what may come next."""

app = typer.Typer(
    cls=usage.Commands,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (fuse.fuse, tonemap.tonemap, inspect.inspect, models.models, train.train):
    app.command(cls=usage.Command)(_command)
app.command("eval", cls=usage.Command)(evaluate.evaluate)
app.command(cls=usage.Command)(bench.bench)
app.command(cls=usage.Command)(doctor.doctor)
app.add_typer(weights.app, name="weights")


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: ends the run as Ctrl-C does, temporaries removed."""


_SMALLER = {"train": "a smaller --batch", "bench": "smaller --sizes"}
"""What takes less memory, of commands that are not given files to decode."""

_OF_THE_DISK = "Check the disk, its permissions and where output goes."
_CURES = {errno.ENAMETOOLONG: "Check its spelling, or give a shorter name.", errno.ELOOP: "Name what the link is for."}

_SIGNALS = {"SIGINT": KeyboardInterrupt, "SIGTERM": Terminated, "SIGHUP": Terminated}


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hdrcli {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _hdrcli(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Fuse exposure brackets: trained networks and classical fusers, to pictures and linear EXR.

    Begin with: hdrcli fuse FOLDER
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (`sys.argv` without `arguments`); returns the exit status.

    0 all done, 1 something failed, 2 a usage error, 130 interrupted, 143 terminated.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    _ready_streams()
    with interrupts.handled(_SIGNALS), _logs(debug):
        try:
            with interrupts.heeded():
                return _run(given)
        except HdrcliError as error:
            console.say_error(error, debug=debug)
            return error.exit_status
        except Terminated:
            console.say("Terminated.")
            return TERMINATED
        except KeyboardInterrupt:
            console.say("Interrupted.")
            return INTERRUPTED
        except BrokenPipeError:
            _drop_stdout()
            return 1
        except Exception as error:  # noqa: BLE001 (the last resort: people get a sentence, not a traceback)
            console.say_error(_unforeseen(error, given), debug=debug)
            return 1


def _run(arguments: list[str]) -> int:
    """Run without typer's own handling of errors, which would print its words and exit."""
    command = typer.main.get_command(app)
    try:
        if os.environ.get(ASKED_BY_A_SHELL):
            command.main(prog_name=NAME)  # answers, and exits
        with command.make_context(NAME, list(arguments)) as context:
            command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as done:
        sys.stdout.flush()
        return done.exit_code
    except SystemExit as done:
        sys.stdout.flush()
        return int(done.code or 0)
    except usage.ParserError as error:
        raise usage.explain(error, arguments) from error
    return 0


def _unforeseen(error: Exception, given: Sequence[str]) -> HdrcliError:
    """An error that no one turned into words: no memory, the system's (stdout, folders that change), or a bug."""
    if memory.is_exhausted(error):
        told = HdrcliError(
            f"{' '.join([NAME, *given[:1]])} needs more memory than there is.",
            f"Close other programs, or pass {_SMALLER.get(given[0] if given else '', 'fewer or smaller files')}.",
        )
    elif isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        told = HdrcliError(f"{where}{error.strerror or error}.", _CURES.get(error.errno or 0, _OF_THE_DISK))
    else:
        reason = str(error).strip() or "no reason given"
        told = HdrcliError(
            f"{type(error).__name__}: {reason} (this is a bug in hdrcli).",
            "Please report it with what the same command prints with --debug, and what hdrcli doctor --json does.",
        )
    told.__cause__ = error
    return told


def _ready_streams() -> None:
    """Streams that take everything: a closed one takes it nowhere, one of few characters takes the others escaped."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (open to the end)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_stdout() -> None:
    """Whoever read stdout is gone: let the flush at exit go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _logs(debug: bool) -> Iterator[None]:
    """hdrcli's warnings as lines for people; those of libraries, which name no file, only with --debug."""
    ours, root = logging.getLogger("hdrcli"), logging.getLogger()
    lines, others = console.WarningLines(logging.WARNING), logging.StreamHandler() if debug else logging.NullHandler()
    others.setFormatter(console.PlainLines())
    ours.addHandler(lines)
    root.addHandler(others)
    logging.captureWarnings(not debug)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        ours.removeHandler(lines)
        root.removeHandler(others)
