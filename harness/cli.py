"""The command ``harness``: its subcommands, and errors as messages."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import NoReturn, TextIO

import click

from harness import __version__
from harness.commands.finished import compare, export, pack, pin, sign, verify
from harness.commands.init import init
from harness.commands.options import chosen, plugins_folder_option, plugins_off_option
from harness.commands.plan import plan, validate
from harness.commands.plugins import doctor, new_plugin, plugins, schema, test_plugin
from harness.commands.run import calibrate, report, run
from harness.commands.suite import suite
from harness.errors import HarnessError
from harness.registry.fault import faulty_member
from harness.text.terminal import echo

# Exit code after Ctrl-C.
INTERRUPTED = 130

# Exit code of a run that a signal ended, its number added, as shells have it.
ENDED = 128

# Exit code of an error that nobody foresaw, and where the reader of the output is gone, as click has it.
UNFORESEEN = 1

# Objects made before Python looks for cycles that nobody holds; its own 700 cost a sixth of a report.
NEW_OBJECTS = 50_000

# Seconds that threads which are left over may take to end.
PATIENCE = 2.0


# The commands by what one wants, as the help lists them.
TOPICS = {
    "Everyday": (init, validate, plan, run, report, suite, plugins, doctor),
    "Checking": (verify, compare, pin, calibrate),
    "Archive": (pack, export, sign),
    "For developers": (schema, new_plugin, test_plugin),
}


# Characters of a command's first sentence.
LONGEST = 200


class _ByTopic(click.Group):
    """A group whose help lists its commands under `TOPICS`, each with its first sentence."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for topic, commands in TOPICS.items():
            rows = [
                (one.name or "", one.get_short_help_str(limit=ctx.max_content_width or 300))
                for one in commands
            ]
            with formatter.section(topic):
                formatter.write_dl(rows, col_max=12)


@click.group(cls=_ByTopic, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="panel-harness")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@plugins_off_option
@plugins_folder_option
@click.pass_context
def cli(
    context: click.Context,
    debug: bool,  # noqa: ARG001 - read by `main`, which has no other way to it when reading options fails
    plugins_off: tuple[str, ...],
    plugins_folder: Path | None,
) -> None:
    """Run one panel study through many estimators side by side."""
    context.obj = chosen(plugins_off, plugins_folder)


for command in chain(*TOPICS.values()):
    cli.add_command(command)


class Ended(KeyboardInterrupt):
    """A signal asks the process to end: on its way workers are stopped, as after Ctrl-C.

    Parameters
    ----------
    by : the signal
    """

    def __init__(self, by: signal.Signals) -> None:
        super().__init__(by.name)
        self.by = by


def _stop(number: int, _frame: object) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # one is enough: a second would cut the clearing up short
    raise Ended(signal.Signals(number))


def main() -> None:
    """Run the command; an error is one message and an exit code, never a traceback unless asked for."""
    gc.set_threshold(NEW_OBJECTS)
    code = _exit_code()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # it is None where it was closed from the start
            _write(stream.flush, stream)
    _end_in_spite_of_threads(code)
    if code:
        sys.exit(code)


def _exit_code() -> int:
    try:
        for number in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
            if hasattr(signal, number):
                signal.signal(getattr(signal, number), _stop)
        # The command opens no window, and matplotlib would refuse a name that it does not know.
        os.environ["MPLBACKEND"] = "agg"
        cli.main(standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        _write(lambda: echo(shown.getvalue(), err=True, nl=False), sys.stderr)
        return error.exit_code
    except HarnessError as error:
        return _print_error(f"error: {error}", error.exit_code)
    except (click.Abort, KeyboardInterrupt) as error:
        cause = error.__cause__ if isinstance(error, click.Abort) else error
        if isinstance(cause, Ended):
            return _print_error(f"ended by {cause.by.name}{_how_to_go_on(sys.argv[1:])}", ENDED + cause.by)
        return _print_error(f"interrupted{_how_to_go_on(sys.argv[1:])}", INTERRUPTED)
    except BrokenPipeError:
        return UNFORESEEN
    except Exception as error:
        if "--debug" in sys.argv[1:]:
            raise
        return _print_error(_unforeseen(error), UNFORESEEN)
    return 0


def _print_error(message: str, code: int) -> int:
    """Write a message, if there is where to write it, and return the exit code."""
    _write(lambda: echo(message, err=True), sys.stderr)
    return code


def _write(write: Callable[[], object], stream: TextIO | None) -> None:
    """Write to a stream; one that cannot be written is sent nowhere, or Python would exit with 120."""
    try:
        write()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            if stream is not None:
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _end_in_spite_of_threads(code: int) -> None:
    """Let the process end soon after its main thread, where a plugin's threads would keep it."""
    if all(thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        return

    def end() -> None:
        threading.main_thread().join()
        time.sleep(PATIENCE)
        os._exit(code)

    threading.Thread(target=end, name="end of the command", daemon=True).start()


def _how_to_go_on(words: list[str]) -> str:
    """Return how a run that was cut off is taken up; empty for other commands."""
    if not {"run", "suite"} & set(words):
        return ""
    again = words if "--resume" in words else [*words, "--resume"]
    return f"; finished cells are kept, to resume: {shlex.join(['harness', *again])}"


def _unforeseen(error: Exception) -> str:
    """Return one line on an error that no part of the harness has words for."""
    match error:
        case MemoryError():
            what, hint = "not enough memory on this machine", "use fewer --jobs, draws or rows"
        case RecursionError():
            what, hint = "the input is nested too deeply", "flatten it"
        case OSError():
            what = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
            hint = "make the path readable and writable, with free disk space"
        case _:
            at = faulty_member(error)
            what = f"{at}{at and ': '}{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            whose = "plugin" if at else "harness or a plugin"
            hint = f"this is a bug in the {whose}; harness --debug COMMAND shows where"
    return f"error: {what}\n    hint: {hint}"


if __name__ == "__main__":
    main()
