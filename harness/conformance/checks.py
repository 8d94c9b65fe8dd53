"""All checks of a plugin, or of one member, their run in a process of its own, and the report of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from harness.conformance import data_members, draws, predictions
from harness.conformance.case import DEFAULTS, Case, Options, build
from harness.conformance.panels import RULES, Check, Status, Verdict
from harness.errors import PluginError, Problem, near_names
from harness.estimators.protocol import ESTIMATOR, Estimator
from harness.findings.run import RULE
from harness.installed import KINDS, installed
from harness.registry.catalog import Kind
from harness.registry.plugin import Plugin
from harness.registry.registry import Registry
from harness.report.sections.section import SECTION
from harness.running.processes import DeadWorkerError, WorkerProcess, start_worker

# A rule stands after those that it needs.
RULE_MODULES = (predictions, draws, data_members)


def checks_of(estimator: Estimator) -> list[Check]:
    """Return all checks of one estimator, with the options it has; nothing has to be installed."""
    return checks_of_member(ESTIMATOR, estimator)


def checks_of_member(kind: Kind[Any], member: Any) -> list[Check]:  # noqa: ANN401 - of any kind
    """Return all checks of one member of a kind, with the options it has; nothing has to be installed."""
    return _checks(kind, member, data_members.Setting(installed()))


def _checks(kind: Kind[Any], member: Any, at: data_members.Setting) -> list[Check]:  # noqa: ANN401 - of any kind
    subject = Case(member) if kind == ESTIMATOR else (member, at) if kind in (RULE, SECTION) else member
    verdicts: dict[str, Verdict] = {}
    return [Check(rule, kind.name, member.name, subject, verdicts) for rule in RULES[kind.name].values()]


def checks_for(
    plugin: str, *, only: Sequence[str] = (), options: Options = DEFAULTS, study: Path | None = None
) -> list[Check]:
    """Return all checks of what an installed plugin offers.

    Parameters
    ----------
    plugin : name of its entry point; ``-`` and ``_`` are the same
    only : names of the members to check; all where none is named
    options : by member, as a spec would hold them; the others have their defaults
    study : spec of a study in whose report the sections of the plugin have to stand; None for the kit's own

    Raises
    ------
    PluginError
        Where no such plugin is installed, it is broken, or has no such member; a battery without a member is
        no battery that passes.
    SpecError
        Where options are wrong, or missing.
    """
    registry = installed()
    return checks_among(registry, find_plugin(registry, plugin), only=only, options=options, study=study)


def checks_among(
    registry: Registry,
    plugin: Plugin,
    *,
    only: Sequence[str] = (),
    options: Options = DEFAULTS,
    study: Path | None = None,
) -> list[Check]:
    """Return all checks of what a plugin of a registry offers; see `checks_for`."""
    known = [name for offered in plugin.offers.values() for name in offered]
    for name in sorted({*only, *options} - set(known)):
        hint = near_names(name, known)
        raise PluginError.at(plugin.name, f"the plugin offers no '{name}'", ", ".join(known), hint)
    at = data_members.Setting(registry, plugin, options, study)
    return [
        check
        for kind in KINDS
        for name in plugin.names(kind)
        if not only or name in only
        for check in _checks(kind, build(registry, name, options.get(name, {}), kind=kind), at)
    ]


def find_plugin(registry: Registry, name: str) -> Plugin:
    """Return a plugin that works.

    Raises
    ------
    PluginError
        Where there is none.
    """

    def spelt(name: str) -> str:
        return name.lower().replace("-", "_").replace(".", "_")

    found = next((plugin for plugin in registry.plugins if spelt(plugin.name) == spelt(name)), None)
    if found is None:
        known = [plugin.name for plugin in registry.plugins]
        hint = near_names(name, known) or "install it first: pip install -e ."
        raise PluginError.at(name, "no plugin of this name is installed", ", ".join(known), hint)
    if found.off:
        raise PluginError.at(name, "the plugin is switched off", hint="leave out -p no:NAME")
    if found.broken:
        raise PluginError.at(name, f"the plugin does not load: {found.broken}", hint="mend its package")
    if found.absent:
        raise PluginError.at(name, f"the plugin is absent: {found.absent}")
    return found


def run_checks(plugin: Plugin, checks: Sequence[Check]) -> Report:
    """Run checks one after the other and report them.

    They run in one process, which is started again where a check ended it: such a check has failed, and what
    others found is kept.
    """
    rows: list[Row] = []
    worker: WorkerProcess | None = None
    for position, check in enumerate(checks):
        start = perf_counter()
        try:
            if worker is None or worker.is_dead:
                worker = start_worker()
                # What checks of one member have in common stays there from one to the next.
                worker.call(_keep, dict(enumerate(checks)))
            verdict = worker.call(_verdict, position)
        except DeadWorkerError as dead:
            verdict = Verdict("failed", f"it ends the process it runs in: {dead.how}")
        check.verdicts[check.rule.name] = verdict
        where = (check.kind, check.member, check.rule.name, check.rule.says)
        rows.append(Row(*where, verdict.status, verdict.reason, round(perf_counter() - start, 3)))
    if worker is not None and not worker.is_dead:
        worker.call(_end_workers)
        worker.end()
    return Report(plugin, tuple(rows))


# Checks that wait in this process, by their position.
_waiting: dict[int, Check] = {}


def _keep(checks: Mapping[int, Check]) -> None:
    _waiting.update(checks)


def _verdict(position: int) -> Verdict:
    return _waiting[position].verdict()


def _end_workers() -> None:
    """End workers that checks have started here; idle ones would wait for minutes."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True, kill_workers=True)


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

    @property
    def of(self) -> str:
        """Kind and name of the member, since two kinds may share a name."""
        return f"{self.kind} {self.member}"


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

    def count(self, status: Status, *, of: str = "") -> int:
        """Return how many checks, of one member or of all, went like this."""
        return sum(row.status == status for row in self.rows if of in ("", row.of))

    @property
    def members(self) -> tuple[str, ...]:
        """Kinds and names of the members that were checked."""
        return tuple(dict.fromkeys(row.of for row in self.rows))

    def problems(self) -> Iterator[Problem]:
        """Yield what keeps the plugin from passing: violated rules, and members that were asked nothing."""
        if not self.rows:
            yield Problem(self.plugin.name, "no check was run", hint="offer something that is checked")
        for name in self.members:
            if failed := [row.check for row in self.rows if (row.of, row.status) == (name, "failed")]:
                yield Problem(
                    name, f"breaks the contract in {len(failed)} of its checks: {', '.join(failed)}"
                )
            elif not self.count("passed", of=name):
                yield Problem(name, "every check was skipped, so nothing is known of it")

    def raise_if_not_passed(self) -> None:
        """Raise where the plugin does not pass.

        Raises
        ------
        PluginError
            With what failed, member by member.
        """
        if problems := tuple(self.problems()):
            raise PluginError(*problems)

    def lines(self) -> Iterator[str]:
        """Yield the report as text: reasons of what failed and of what was skipped, and counts."""
        for name in self.members:
            rows = [row for row in self.rows if row.of == name]
            yield f"{name}: {self.count('passed', of=name)} of {len(rows)} passed"
            for row in rows:
                if row.status == "failed":
                    yield f"  failed   {row.check} ({row.says}): {row.reason}"
            skipped = [row for row in rows if row.status == "skipped"]
            for reason in dict.fromkeys(row.reason for row in skipped):
                checks = ", ".join(row.check for row in skipped if row.reason == reason)
                yield f"  skipped  {checks}: {reason}"
        counts = ", ".join(f"{self.count(status)} {status}" for status in ("passed", "failed", "skipped"))
        yield f"{self.plugin.name}, {len(self.rows)} checks: {counts}"

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
