"""The command ``harness``: its subcommands, and errors as messages."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness import __version__
from harness.commands.calibrate import calibrate
from harness.commands.compare import compare
from harness.commands.init import init
from harness.commands.new_plugin import new_plugin
from harness.commands.pin import pin
from harness.commands.plan import plan
from harness.commands.plugin_options import chosen, plugins_folder_option, plugins_off_option
from harness.commands.plugins import plugins
from harness.commands.report import report
from harness.commands.run import run
from harness.commands.schema import schema
from harness.commands.test_plugin import test_plugin
from harness.commands.validate import validate
from harness.commands.verify import verify
from harness.errors import HarnessError

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="panel-harness")
@plugins_off_option
@plugins_folder_option
@click.pass_context
def cli(context: click.Context, plugins_off: tuple[str, ...], plugins_folder: Path | None) -> None:
    """Run one panel study through many estimators side by side."""
    context.obj = chosen(plugins_off, plugins_folder)


for command in (
    init,
    run,
    validate,
    plan,
    calibrate,
    plugins,
    schema,
    report,
    compare,
    verify,
    pin,
    new_plugin,
    test_plugin,
):
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
