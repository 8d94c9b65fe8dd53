"""The reference of the command, as Markdown, from its subcommands."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click
from markdown import code, table

from harness.cli import cli

WIDTH = 100


def command_text() -> str:
    """Return a section for the command itself and for each subcommand."""
    root = click.Context(cli, info_name="harness", max_content_width=WIDTH, terminal_width=WIDTH)
    sections = [_section(cli, root)]
    return "\n\n".join([*sections, *_subcommands(cli, root)])


def _subcommands(group: click.Group, root: click.Context) -> Iterator[str]:
    for name, command in group.commands.items():
        context = click.Context(command, info_name=name, parent=root)
        yield _section(command, context)
        if isinstance(command, click.Group):
            yield from _subcommands(command, context)


def _section(command: click.Command, context: click.Context) -> str:
    usage = command.collect_usage_pieces(context)
    parts = [
        f"## `{context.command_path}`",
        f"```none\n{context.command_path} {' '.join(usage)}\n```",
        inspect.cleandoc(command.help or ""),
        table(("option", "meaning"), _options(command, context)),
    ]
    return "\n\n".join(parts)


def _options(command: click.Command, context: click.Context) -> list[tuple[str, str]]:
    records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    return [(code(option), meaning) for option, meaning in filter(None, records) if meaning]
