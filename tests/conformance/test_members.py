"""Members of every kind but estimators: those of the harness keep the rules, and each rule finds a fault."""

import itertools
from dataclasses import dataclass, replace
from typing import ClassVar

import click
import numpy as np
import pandas as pd
import pytest

from harness.conformance import checks_for
from harness.conformance.checks import RULES, checks_among, checks_of_member, find_plugin, run_checks
from harness.data.prepare.row_steps import Log
from harness.data.prepare.step import STEP
from harness.data.read.source import DATASET, READER, FileReader, Reading
from harness.data.simulate.simulation import SIMULATION
from harness.data.simulate.small_panels import NullEffect
from harness.estimators.protocol import ESTIMATOR
from harness.evaluation.metrics import METRIC, AbsoluteError
from harness.evaluation.protocol import PROTOCOL, InSample, RandomRowsProtocol
from harness.findings.finding import finding
from harness.findings.run import RULE, Rule
from harness.findings.sentence import Sentence
from harness.installed import KINDS, installed
from harness.registry.command import COMMAND
from harness.registry.hooks import OURS
from harness.registry.plugin import Plugin
from harness.report.blocks import Paragraph
from harness.report.sections.section import SECTION, Section
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.scenario import SCENARIO
from worker_tasks import DeadlyError

OPTIONS = {
    "emissions": {"factors": {"moderator": 1.0, "control_1": 2.0}},
    "deflate": {"base": 2001},
    "indicator": {"equals": 1},
    "interpolate": {"limit": 1},
    "classes": {"at": [0.5], "labels": ["low", "high"]},
    "power": {"exponent": 2},
    "recode": {"values": {"high": 1, "low": 2, "middle": 3}},
    "spatial_lag": {"latitude": "control_1", "longitude": "control_2"},
    "digital_carbon": {"n_entities": 50},
    "robustness": {"permutations": 2, "checks": ["winsorised", "periods"]},
    "mediation": {"mediators": ["control_1"]},
}
COUNTER = itertools.count()


@dataclass(frozen=True)
class OneName(RandomRowsProtocol):
    """Its folds share a name."""

    def split(self, panel, *, rng):
        return tuple(replace(fold, name="1") for fold in super().split(panel, rng=rng))


@dataclass(frozen=True)
class Leaky(RandomRowsProtocol):
    """Rows of an entity stand on both sides, and nobody is told."""

    leaks: ClassVar = ()


@dataclass(frozen=True)
class Restless(RandomRowsProtocol):
    """Draws from a generator of its own."""

    def split(self, panel, *, rng):
        return super().split(panel, rng=np.random.default_rng(next(COUNTER)))


@dataclass(frozen=True)
class OtherQuick(RandomRowsProtocol):
    """Its quick version is another protocol."""

    def quick(self):
        return InSample()


@dataclass(frozen=True)
class Undeclared(CurveScenario):
    """Declares none of its tables."""

    tables: ClassVar = ()


@dataclass(frozen=True)
class Fickle(CurveScenario):
    """Answers in another way each time."""

    def concluded(self, asked):
        tables = super().concluded(asked)
        counted = [{**rows, "n_draws": next(COUNTER)} for rows in tables["curves"]]
        return {**tables, "curves": counted}


@dataclass(frozen=True)
class WordyScenario(CurveScenario):
    """Warns in plain words."""

    def notes(self, panel):
        return ("careful",)


@dataclass(frozen=True)
class Sorted(Log):
    """Sorts what it computes."""

    def compute(self, columns):
        return np.sort(super().compute(columns))


@dataclass(frozen=True)
class Noisy(Log):
    """Adds noise far above rounding, and far below what a turned column shows."""

    def compute(self, columns):
        return super().compute(columns) * (1.0 + 1e-12 * (1 + next(COUNTER)))


@dataclass(frozen=True)
class Towns:
    """A dataset that grows."""

    name: ClassVar[str] = "towns"
    title: ClassVar[str] = "Towns"
    source: ClassVar[str] = "made up"

    def load(self):
        return pd.DataFrame({"town": ["a", "b"], "year": [1, next(COUNTER)]})


@dataclass(frozen=True)
class OwnSeed(NullEffect):
    """Draws another panel each time."""

    def draw(self):
        return replace(NullEffect(), seed=next(COUNTER)).draw()


@dataclass(frozen=True)
class Shuffled(NullEffect):
    """Tells the truth in an order of its own."""

    def expected(self, frame, *, outcome, **counterfactual):
        return np.sort(super().expected(frame, outcome=outcome, **counterfactual))


@dataclass(frozen=True)
class SignedError(AbsoluteError):
    """Rewards what lies below."""

    def loss(self, observed, predicted):
        return observed - predicted


@dataclass(frozen=True)
class RelativeError(AbsoluteError):
    """Divides by the mean of the rows."""

    def loss(self, observed, predicted):
        return np.abs(observed - predicted) / np.abs(observed).mean()


# A section that stands nowhere, and one for a table that no study of the kit has.
PLACELESS = Section("raw", "Raw", "top", lambda _run: ())
ABSENT = Section("claimed", "Claimed", 860, lambda _run: [Paragraph("Here.")], tables=("claims",))


@dataclass(frozen=True)
class Counted(Sentence):
    n: int


def twice_findings(_run, outcome):
    return [finding("count", Counted(1), outcome=outcome, subject={})] * 2


MISSPELT = Rule("misspelt", lambda _run, _outcome: (), codes={Counted: "There are {m} of them."})
TWICE = Rule("twice", twice_findings, codes={Counted: "There are {n} of them."})


def refused(source):
    """Refuse whatever is read."""
    raise source.misnamed("nothing")


FAULTS = [
    (PROTOCOL, OneName(), "folds"),
    (PROTOCOL, Leaky(), "leaks_declared"),
    (PROTOCOL, Restless(), "repeatable"),
    (PROTOCOL, OtherQuick(), "quick"),
    (SCENARIO, Undeclared(draws=4, grid=5), "answers"),
    (SCENARIO, Fickle(draws=4, grid=5), "repeatable"),
    (SCENARIO, WordyScenario(draws=4, grid=5), "quick"),
    (STEP, Sorted("made", "moderator"), "row_aligned"),
    (STEP, Noisy("made", "moderator"), "repeatable"),
    (DATASET, Towns(), "loads"),
    (READER, FileReader("bytes", (".bytes",), lambda _: Reading(pd.DataFrame({"x": [1.0]}))), "refuses"),
    (SIMULATION, OwnSeed(), "drawn"),
    (SIMULATION, Shuffled(), "truth"),
    (READER, FileReader("nothing", (".nothing",), refused), "reads"),
    (SECTION, PLACELESS, "whole"),
    (SECTION, ABSENT, "present"),
    (RULE, MISSPELT, "coded"),
    (RULE, TWICE, "keyed"),
    (METRIC, SignedError(), "losses"),
    (METRIC, RelativeError(), "rows_alone"),
    (COMMAND, click.Command("silent", params=[click.Option(["--fast"])], help="Run."), "helped"),
]


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS if kind not in (ESTIMATOR, COMMAND)])
def test_members_of_the_harness_keep_the_rules(kind):
    registry = installed()
    checks = checks_among(registry, find_plugin(registry, "harness"), options=OPTIONS)
    # Formats of files, and sections of special studies, have tests of their own.
    asked = [
        check
        for check in checks
        if check.kind == kind and check.rule.name not in ("reads", "present", "keyed")
    ]
    own = {str(check): check.verdict() for check in asked}
    assert own
    assert {name: found.reason for name, found in own.items() if found.status == "failed"} == {}


@pytest.mark.parametrize(
    ("kind", "member", "rule"), FAULTS, ids=lambda value: str(getattr(value, "name", value))
)
def test_a_fault_is_found_by_the_rule_for_it(kind, member, rule):
    verdicts = {check.rule.name: check.verdict().status for check in checks_of_member(kind, member)}
    assert [name for name, status in verdicts.items() if status == "failed"] == [rule]


def test_every_rule_is_shown_to_find_a_fault():
    shown = {(kind.name, rule) for kind, _, rule in FAULTS}
    assert set(RULES) == {kind.name for kind in KINDS}
    assert shown == {(kind, rule) for kind in RULES if kind != ESTIMATOR.name for rule in RULES[kind]}


@pytest.mark.slow
def test_a_check_that_ends_the_process_is_named_and_the_others_go_on():
    checks = [*checks_of_member(METRIC, DeadlyError()), *checks_of_member(PROTOCOL, InSample())]
    report = run_checks(Plugin("mine", "mine", "1"), checks)
    found = {row.check: row for row in report.rows}
    assert (found["rows_alone"].status, found["losses"].status) == ("failed", "passed")
    assert found["rows_alone"].reason == "it ends the process it runs in: exit code 3"
    assert [row.status for row in report.rows if row.member == "in_sample"] == ["passed"] * 4


# Options with which fits take little time; those they replace are checked among the slow tests.
SMALL = {
    "mlp": {"restarts": 1, "sizes_around": 0, "max_steps": 40},
    "som_ann": {"restarts": 1, "hidden": 2, "max_steps": 25, "clusters": 2, "map_starts": 1, "map_seeds": 1},
    "random_forest": {"trees": 5, "min_leaf": [5, 10]},
    "boosting": {"max_rounds": 20},
    "threshold_effects": {"grid": 40, "bootstraps": 19},
}

# Estimators whose many fits take long, or whose draws laws of single draws hold for, asked of all by default.
DEAR = (
    *("best_simple", "elastic_net", "feols", "first_difference", "gmm", "hausman_taylor", "instrumental"),
    *("mundlak", "polynomial_effects", "quantile_effects", "random_effects", "sklearn", "tuned", *SMALL),
)

# Estimators whose rules take ten seconds, and share their code with others that are asked by default.
WEEKLY = ("best_simple", "feols", "mlp", "random_forest")

OWN = [
    pytest.param(plugin.name, name, id=name, marks=[pytest.mark.slow] if name in WEEKLY else [])
    for plugin in installed().plugins
    if plugin.distribution in OURS
    for name in plugin.names(ESTIMATOR)
]


def violations(plugin, name, *, options, is_slow=(False, True)):
    checks = checks_for(plugin, only=[name], options={name: options} if options else {})
    found = {check.rule.name: check.verdict() for check in checks if check.rule.is_slow in is_slow}
    assert any(verdict.status == "passed" for verdict in found.values())
    return {rule: verdict.reason for rule, verdict in found.items() if verdict.status == "failed"}


@pytest.mark.parametrize(("plugin", "name"), OWN)
def test_contract(plugin, name):
    is_slow = (False,) if name in DEAR else (False, True)
    assert violations(plugin, name, options=SMALL.get(name), is_slow=is_slow) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("plugin", "name"), [own for own in OWN if own.values[1] in DEAR])  # noqa: PD011 - of no frame
def test_known_truths_of_dear_estimators(plugin, name):
    assert violations(plugin, name, options=SMALL.get(name), is_slow=(True,)) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("plugin", "name"), [own for own in OWN if own.values[1] in SMALL])  # noqa: PD011 - of no frame
def test_contract_with_default_options(plugin, name):
    assert violations(plugin, name, options=None) == {}
