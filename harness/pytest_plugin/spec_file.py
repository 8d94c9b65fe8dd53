"""A spec as pytest sees it: a file whose tests are its expected numbers."""

from __future__ import annotations

import functools
import json
import math
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.data.read.source import DATASET, ComesWithPackage
from harness.errors import HarnessError
from harness.installed import installed
from harness.study.expectations.expectation import ExpectedNumber
from harness.study.spec.load import load_study

if TYPE_CHECKING:
    # pytest has no public names for these.
    from _pytest._code.code import TerminalRepr, TracebackStyle

    from harness.running.dependence import Environment
    from harness.running.options import RunOptions
    from harness.study.expectations.cell import Reproduction

# What an expected value is called, by its origin.
ORIGINS = {"publication": "published", "run": "pinned"}


class NotReproduced(Exception):  # noqa: N818 - what it says is what happened
    """A run gives another number than the expected one, or none."""


def message(result: Reproduction, study: str, changed: str = "") -> str:
    """Return what a study was expected to give, what it gave and how far apart they may be, a line each.

    Parameters
    ----------
    changed : what has changed since the run that gave the expected numbers
    """
    expectation = result.expectation
    known = getattr(expectation, "here", None)
    lines = [
        ("study", study),
        (ORIGINS[expectation.from_], expectation.written),
        ("known here", "" if known is None else f"{known}, which is another number"),
        ("obtained", "nothing" if result.obtained is None else str(result.obtained)),
    ]
    if math.isfinite(result.difference):
        lines.append(("difference", f"{result.difference:+.6g}"))
    else:
        lines.append(("because", result.reason))
    if isinstance(expectation, ExpectedNumber):
        lines.append(("tolerance", _tolerance(expectation)))
    lines += [("source", expectation.source), ("reason", expectation.reason), ("changed", changed)]
    rendered = [f"  {what:<11}{text}" for what, text in lines if text]
    return "\n".join([f"{expectation.path}: {result.status}", *rendered])


def _tolerance(expectation: ExpectedNumber) -> str:
    """Return how far a run's number may be off, and what that is taken from."""
    if expectation.absolute is not None:
        return f"{expectation.absolute:g}"
    if expectation.relative is not None:
        return f"{expectation.tolerance:.4g}, {expectation.relative:g} of the value"
    return f"{expectation.half_unit:g}, half a unit of the last printed digit"


def changed_since(
    record: Mapping[str, Any], study: str, environment: Environment, inputs: Mapping[str, str]
) -> str:
    """Return which versions, packages of code and inputs are others than in an earlier run.

    Parameters
    ----------
    record : manifest of a run, or what is kept of those of several, with data and spec of each in ``studies``
    inputs : SHA-256 of ``data`` and ``spec``
    """
    own = record.get("studies", {}).get(study, record)
    versions, code = record["versions"], record.get("code", {})
    changed = [
        f"{name} {versions[name]} to {now}"
        for name, now in environment.versions.items()
        if versions.get(name, now) != now
    ]
    changed += [f"code of {name}" for name, now in environment.code.items() if code.get(name, now) != now]
    changed += [name for name, now in inputs.items() if own.get(name, {}).get("sha256", now) != now]
    return ", ".join(changed) or "neither versions, code, data nor spec"


def _lacking(dataset: str | None) -> str:
    """Return why the data of a study are not here; empty where they are, or come from no package."""
    held = None if dataset is None else installed().of(DATASET).get(dataset)
    if not isinstance(held, ComesWithPackage) or held.is_installed:
        return ""
    return f"the dataset '{dataset}' comes with the package {held.package}, which is not installed"


class SpecFile(pytest.File):
    """A spec file; its study runs once, before the first of its tests.

    Attributes
    ----------
    study : short name of the study
    lacks : why it cannot run here, a package of data that is not installed; empty where it can
    """

    study = ""
    lacks = ""

    def collect(self) -> Iterator[SpecTest]:
        """Yield a test for each expected number, or one that fails where the spec cannot be read."""
        try:
            loaded = load_study(self.path, catalogs=installed().catalogs)
        except HarnessError as error:
            self.outcome = error
            yield SpecTest.from_parent(self, name="spec", line=1, position=0)
            return
        self.study, expected = loaded.study.study, loaded.study.expect
        self.lacks = _lacking(loaded.study.data.dataset)
        times = Counter(expectation.path for expectation in expected)
        for at, expectation in enumerate(expected):
            name = expectation.path
            if times[name] > 1:
                name = f"{name} ({expectation.source or expectation.from_})"
            line = loaded.document.find(("expect", at)).line
            yield SpecTest.from_parent(self, name=name, line=line, position=at)

    @property
    def options(self) -> RunOptions:
        """Return how its study is run."""
        from harness.running.options import RunOptions

        return RunOptions(
            spec=self.path,
            quick=self.config.getoption("harness_quick"),
            jobs=self.config.getoption("harness_jobs"),
        )

    @functools.cached_property
    def outcome(self) -> tuple[Reproduction, ...] | HarnessError:
        """What a run gives for each expected number, or why there is no run; found out once."""
        from harness.pytest_plugin.reproduction import reproduce

        # Where pytest turns warnings into errors, fits would fail that succeed under `harness run`.
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            try:
                return reproduce(self.options, installed(self.options.plugins))
            except HarnessError as error:
                return error

    @functools.cached_property
    def changed(self) -> str:
        """What has changed since the run whose manifest was given; empty where none was."""
        from harness.running.dependence import Environment, installed_code, versions
        from harness.running.prepare import prepare

        path = self.config.getoption("harness_record")
        if path is None:
            return ""
        registry = installed(self.options.plugins)
        prepared = prepare(self.options, registry)
        inputs = {"data": prepared.table.sha256, "spec": prepared.loaded.document.sha256}
        environment = Environment(installed_code(), versions(registry.brought_by))
        then = json.loads(path.read_text(encoding="utf-8"))
        return changed_since(then, self.study, environment, inputs)


class SpecTest(pytest.Item):
    """One expected number, or a spec that cannot be read; its failure is a message, without a traceback.

    Attributes
    ----------
    line : where it is written in the spec, from 1
    position : of the number among those of its spec
    """

    def __init__(self, *, name: str, parent: SpecFile, line: int, position: int) -> None:
        super().__init__(name, parent)
        self.file, self.line, self.position = parent, line, position
        self.add_marker("replication")

    def runtest(self) -> None:
        """Fail where the spec cannot be read, or a run of it gives another number, or none."""
        if self.file.lacks:
            pytest.skip(self.file.lacks)
        outcome = self.file.outcome
        if isinstance(outcome, HarnessError):
            raise outcome
        if outcome[self.position].has_failed:
            raise NotReproduced(message(outcome[self.position], self.file.study, self.file.changed))

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: TracebackStyle | None = None
    ) -> str | TerminalRepr:
        """Return the message of what the harness says, and pytest's own report of anything else."""
        if isinstance(excinfo.value, HarnessError | NotReproduced):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the test is written, its line from 0, and its name."""
        return self.path, self.line - 1, self.name
