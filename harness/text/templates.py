"""Templates of texts that are no HTML: scripts, Markdown, YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def text_templates(package: str) -> Environment:
    """Return what renders the templates next to a package's modules; a name that is not given is an error.

    Nothing is escaped, since no template here ends in ``.html``: filters of the caller quote what must be.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=PackageLoader(package, "."),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
