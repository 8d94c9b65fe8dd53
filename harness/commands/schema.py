"""``harness schema``: the JSON Schemas of a spec and of the accuracy-gain report."""

from __future__ import annotations

import json

import click

from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice


@click.command()
@click.option("--gain-report", is_flag=True, help="The schema of gain_report.json instead.")
@click.pass_obj
def schema(choice: PluginChoice, *, gain_report: bool) -> None:
    """Print the JSON Schema of a spec, for editors, with the options of all installed plugins.

    With --gain-report, that of the accuracy-gain report of a run, for programs that read or write one.
    """
    if gain_report:
        from harness.report.gain_report_schema import gain_report_schema

        click.echo(json.dumps(gain_report_schema(), indent=2))
        return
    from harness.study.spec.json_schema import spec_schema

    click.echo(json.dumps(spec_schema(found(choice).catalogs), indent=1))
