"""The command ``harness``: its subcommands, and errors as messages."""

from __future__ import annotations

import sys

import click

from harness import __version__
from harness.commands.calibrate import calibrate
from harness.commands.plan import plan
from harness.commands.plugins import plugins
from harness.commands.report import report
from harness.commands.run import run
from harness.commands.schema import schema
from harness.commands.validate import validate
from harness.errors import HarnessError

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="panel-harness")
def cli() -> None:
    """Run one panel study through many estimators side by side."""


for command in (run, validate, plan, calibrate, plugins, schema, report):
    cli.add_command(command)


def main() -> None:
    """Run the command; an error is one message and an exit code, never a traceback."""
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except HarnessError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
