"""The reference of the conformance checks, as Markdown, from the checks."""

from __future__ import annotations

from markdown import code, table

from harness.conformance.checks import RULES
from harness.installed import KINDS

HEAD = ("check", "what must hold")


def check_text() -> str:
    """Return a section for each kind of member, with what its checks hold it to."""
    return "\n\n".join(
        f"## {kind.name.capitalize()} checks\n\n"
        + table(HEAD, ((code(rule.name), rule.says) for rule in RULES[kind.name].values()))
        for kind in KINDS
    )
