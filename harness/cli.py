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
from typing import TextIO

import click

from harness import __version__
from harness.commands.finished import claims, compare, export, gain, pack, pin, sign, table, verify
from harness.commands.init import init
from harness.commands.mcp import mcp
from harness.commands.options import chosen, packages_option, plugins_folder_option, plugins_off_option
from harness.commands.plugins import doctor, new_plugin, plugins, schema, test_plugin
from harness.commands.run import calibrate, plan, register, report, run, validate
from harness.commands.suite import suite
from harness.errors import ExitCode, HarnessError, MachineError, PluginError
from harness.language import ENGLISH, Coded, marked
from harness.registry.process_state import Ended, end
from harness.terminal import echo, error_text, speak

# Exit code where the reader of the output is gone: that of a program which SIGPIPE ends.
UNREAD = ExitCode.SIGNAL + 13

# Objects made before Python looks for cycles that nobody holds; its own 700 cost a sixth of a report.
NEW_OBJECTS = 50_000

# Seconds that threads which are left over may take to end.
PATIENCE = 2.0


# The commands by what one wants, as the help lists them.
TOPICS = {
    "Everyday": (init, validate, plan, run, report, gain, table, suite, plugins, doctor),
    "Checking": (register, verify, compare, pin, claims, calibrate),
    "Archive": (pack, export, sign),
    "For developers": (schema, mcp, new_plugin, test_plugin),
}


# Most characters of a command's first sentence.
LONGEST = 300


class _ByTopic(click.Group):
    """A group whose help lists its commands under `TOPICS`, each with its first sentence."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for topic, commands in TOPICS.items():
            rows = [(one.name or "", one.get_short_help_str(LONGEST)) for one in commands]
            with formatter.section(topic):
                formatter.write_dl(rows, col_max=12)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of the harness or, where it has none of this name, that of a plugin."""
        return super().get_command(ctx, cmd_name) or _of_a_plugin(ctx, cmd_name)


def _of_a_plugin(context: click.Context, name: str) -> click.Command | None:
    """Return the command that a plugin offers; None where none does.

    Raises
    ------
    PluginError
        Where it is one of ours that is not installed, with how it is.
    """
    from harness.registry.command import COMMAND, command_of_ours

    given = context.params
    choice = chosen(given["plugins_off"], given["plugins_folder"], given["packages"])
    if command := command_of_ours(name, choice):
        return command
    from harness.installed import installed

    registry = installed(choice)
    if need := registry.catalogs[COMMAND.name].needs.get(name):
        raise PluginError.at(name, need)
    return registry.of(COMMAND).get(name)


@click.group(cls=_ByTopic, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="panel-harness")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@plugins_off_option
@plugins_folder_option
@packages_option
@click.pass_context
def cli(
    context: click.Context,
    debug: bool,  # noqa: ARG001 - read by `main`, which has no other way to it when reading options fails
    plugins_off: tuple[str, ...],
    plugins_folder: Path | None,
    packages: tuple[str, ...],
) -> None:
    """Run one panel study through many estimators side by side."""
    speak(ENGLISH)
    context.obj = chosen(plugins_off, plugins_folder, packages)


for command in chain(*TOPICS.values()):
    cli.add_command(command)


def main() -> None:
    """Run the command; an error is one message and an exit code, never a traceback unless asked for."""
    gc.set_threshold(NEW_OBJECTS)
    _read_names_as_utf8()
    _open_closed_streams()
    code = _exit_code()
    for stream in (sys.stdout, sys.stderr):
        _write(stream.flush, stream)
    _end_in_spite_of_threads(code)
    if code:
        sys.exit(code)


def _exit_code() -> int:
    output = sys.stdout
    try:
        for number in ("SIGINT", "SIGTERM", "SIGHUP"):  # Windows has no SIGHUP, and nohup ignores it
            if hasattr(signal, number) and signal.getsignal(getattr(signal, number)) != signal.SIG_IGN:
                signal.signal(getattr(signal, number), end)
        # The command opens no window, and matplotlib would refuse a name that it does not know.
        os.environ["MPLBACKEND"] = "agg"
        cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        _write(lambda: echo(shown.getvalue(), err=True, nl=False), sys.stderr)
        return error.exit_code
    except HarnessError as error:
        return _print_known(error)
    except (click.Abort, KeyboardInterrupt) as error:
        cause = error.__cause__ if isinstance(error, click.Abort) else error
        by = cause.by if isinstance(cause, Ended) else signal.SIGINT
        is_own = by == signal.SIGINT
        how = marked("interrupted") if is_own else Coded("ended by {signal}", signal=by.name)
        how_on = _how_to_go_on(sys.argv[1:])
        return _print_error(Coded("{error}{how_on}", error=how, how_on=how_on), ExitCode.SIGNAL + by)
    except BrokenPipeError:
        return UNREAD
    except SystemExit:
        if sys.stdout is output:
            raise
        return UNREAD  # click has put another in its place, since nobody reads it
    except Exception as error:
        if "--debug" in sys.argv[1:]:
            raise
        from harness.registry.plugin import unforeseen

        return _print_known(unforeseen(error))
    return 0


def _print_known(error: HarnessError) -> int:
    """Write an error, with how a run goes on after one of the system, and return its exit code."""
    how_on = _how_to_go_on(sys.argv[1:]) if isinstance(error, MachineError) else ""
    return _print_error(Coded("{error}{how_on}", error=error_text(error), how_on=how_on), error.exit_code)


def _read_names_as_utf8() -> None:
    """Start anew where names of files are not read as UTF-8: nothing could be written that names them."""
    if os.name == "posix" and sys.getfilesystemencoding() != "utf-8":
        words = [sys.executable, "-X", "utf8", *sys.orig_argv[1:]]
        os.execve(sys.executable, words, {**os.environ, "PYTHONUTF8": "1"})  # noqa: S606 - itself


def _open_closed_streams() -> None:
    """Send streams nowhere that were closed from the start: libraries flush them, files take their place."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            os.dup2(opened, descriptor)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, "w" if descriptor else "r"))


def _print_error(message: str, code: int) -> int:
    """Write a message, if there is where to write it, and return the exit code."""
    _write(lambda: echo(message, err=True), sys.stderr)
    return code


def _write(write: Callable[[], object], stream: TextIO) -> None:
    """Write to a stream; one that cannot be written is sent nowhere, or Python would exit with 120."""
    try:
        write()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
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
    part = words[words.index("suite") + 1 :][:1] if "suite" in words else []
    if part and part[0] in ("plan", "report", "site", "compare"):
        return ""
    goes_on = "--resume" in words or part == ["enter"]  # which always takes up what is done
    command = shlex.join(["harness", *words, *([] if goes_on else ["--resume"])])
    return Coded("; finished cells are kept, to resume: {command}", command=command)


if __name__ == "__main__":
    main()
