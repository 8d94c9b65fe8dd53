"""How a battery of checks went: counts, reasons, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from harness.conformance.check import Status
from harness.errors import PluginError, Problem
from harness.registry.plugin import Plugin

# Version of the JSON; it grows when a key goes or changes its meaning.
REPORT_VERSION = 1


@dataclass(frozen=True)
class Row:
    """One check and how it went.

    Attributes
    ----------
    kind, member, check : names
    says : the rule
    status, reason : the verdict
    seconds : wall time
    """

    kind: str
    member: str
    check: str
    says: str
    status: Status
    reason: str
    seconds: float


@dataclass(frozen=True)
class Report:
    """How a battery went.

    Attributes
    ----------
    plugin : whose members were checked
    rows : one a check
    """

    plugin: Plugin
    rows: tuple[Row, ...]

    def count(self, status: Status, *, member: str | None = None) -> int:
        """Return how many checks, of one member or of all, went like this."""
        return sum(row.status == status and member in (None, row.member) for row in self.rows)

    @property
    def members(self) -> tuple[str, ...]:
        """Names of the members that were checked."""
        return tuple(dict.fromkeys(row.member for row in self.rows))

    @property
    def summary(self) -> str:
        """The counts in one line."""
        counts = ", ".join(f"{self.count(status)} {status}" for status in ("passed", "failed", "skipped"))
        return f"{self.plugin.name}, {len(self.rows)} checks: {counts}"

    def problems(self) -> Iterator[Problem]:
        """Yield what keeps the plugin from passing: violated rules, and members that were asked nothing."""
        if not self.rows:
            yield Problem(self.plugin.name, "no check was run", hint="offer something that is checked")
        for name in self.members:
            failed = [row.check for row in self.rows if (row.member, row.status) == (name, "failed")]
            if failed:
                yield Problem(
                    name, f"breaks the contract in {len(failed)} of its checks: {', '.join(failed)}"
                )
            elif not self.count("passed", member=name):
                yield Problem(name, "every check was skipped, so nothing is known of it")

    def raise_if_not_passed(self) -> None:
        """Raise where the plugin does not pass.

        Raises
        ------
        PluginError
            With what failed, member by member.
        """
        problems = tuple(self.problems())
        if problems:
            raise PluginError(*problems)

    def lines(self) -> Iterator[str]:
        """Yield the report as text: reasons of what failed and of what was skipped, and counts."""
        for name in self.members:
            rows = [row for row in self.rows if row.member == name]
            yield f"{name}: {self.count('passed', member=name)} of {len(rows)} passed"
            for row in rows:
                if row.status == "failed":
                    yield f"  failed   {row.check} ({row.says}): {row.reason}"
            skipped = [row for row in rows if row.status == "skipped"]
            for reason in dict.fromkeys(row.reason for row in skipped):
                checks = ", ".join(row.check for row in skipped if row.reason == reason)
                yield f"  skipped  {checks}: {reason}"
        yield self.summary

    def as_json(self) -> str:
        """Return the report as JSON text."""
        content = {
            "report_version": REPORT_VERSION,
            "plugin": self.plugin.name,
            "distribution": self.plugin.distribution,
            "version": self.plugin.version,
            "passed": not any(self.problems()),
            "counts": {status: self.count(status) for status in ("passed", "failed", "skipped")},
            "checks": [asdict(row) for row in self.rows],
        }
        return json.dumps(content, indent=1)
