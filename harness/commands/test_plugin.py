"""``harness test-plugin``: whether a plugin keeps the contract."""

from __future__ import annotations

import click

from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice


@click.command("test-plugin")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="Check this estimator, protocol or other member; repeatable.",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="NAME.OPTION=VALUE",
    help="Check a member with another option than its default; repeatable.",
)
@click.option("--quick", is_flag=True, help="Leave out the checks that take many fits.")
@click.pass_obj
def test_plugin(
    choice: PluginChoice,
    name: str,
    as_json: bool,
    only: tuple[str, ...],
    overrides: tuple[str, ...],
    quick: bool,
) -> None:
    """Check what a plugin offers, estimators and all else, against the contract and against known truths.

    Says how many checks ran, which failed and which were skipped, and why. Checks run in a process of their
    own: one that ends it is a failure like any other. A battery of which nothing ran, or
    of which anything failed, ends with an error.
    """
    from harness.conformance.battery import run_checks
    from harness.conformance.checks import checks_among, find_plugin
    from harness.conformance.options import read_options

    registry = found(choice)
    plugin = find_plugin(registry, name)
    checks = checks_among(registry, plugin, only=only, options=read_options(overrides))
    asked = [check for check in checks if not (quick and check.rule.is_slow)]
    report = run_checks(plugin, asked)
    click.echo(report.as_json() if as_json else "\n".join(report.lines()))
    report.raise_if_not_passed()
