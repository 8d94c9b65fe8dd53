"""The rules of preparation steps, datasets and simulated panels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints, Key
from harness.conformance import panels
from harness.conformance.case import Options, stand_ins, with_stand_in
from harness.conformance.panels import COLUMNS, SEED, Skipped, StandIn, Violation, fresh, refuse, rule
from harness.data.data_spec import FileSpec
from harness.data.panel import Panel
from harness.data.prepare.step import (
    Calendar,
    Column,
    LearnedStep,
    PanelStep,
    RowStep,
    Step,
    StepGroup,
    TableColumns,
    TableStep,
    single_steps,
)
from harness.data.read.files import frame_file
from harness.data.read.source import Dataset, FileReader, Source
from harness.data.shipped import ShippedDataset
from harness.data.simulate.simulation import HasTruth, Simulation
from harness.errors import DataError, EstimationError
from harness.evaluation.metrics import Metric
from harness.evaluation.protocol import SAME_ENTITY, SAME_PERIOD, TRAINING_ROWS, EvaluationProtocol, Fold
from harness.findings.run import Rule, read_run
from harness.findings.sentence import hints_of
from harness.registry.plugin import Plugin
from harness.registry.registry import Registry
from harness.report.blocks import ReportBlock
from harness.report.drawing.canvas import finish, house_style
from harness.report.page import figures_in
from harness.report.sections.section import Section
from harness.rng import random_stream
from harness.running.options import RunOptions
from harness.running.run import write_run
from harness.running.workers import ThisProcess
from harness.scenarios.full_fit import answer_in_process
from harness.scenarios.scenario import Scenario, Subject
from harness.study.spec.document import written_spec
from harness.tables.preparation import Note
from harness.text.render import with_text

# Values of columns that a step takes as groups: thirds of the numbers, from the least.
THIRDS = ("high", "low", "middle")


def require_words(member: object, *names: str) -> None:
    """Refuse a member that has nothing to say where the report shows what it says.

    Raises
    ------
    Violation
        Where a value is no text, or an empty one.
    """
    for name in names:
        text = getattr(member, name)
        if not isinstance(text, str) or not text.strip():
            raise Violation(f"`{name}` is {text!r}, and the report shows it")


def require_column(found: object, n_obs: int, *, what: str) -> Floats:
    """Return a result that has to be one number a row.

    Raises
    ------
    Violation
        Where it is no array of numbers, (n_obs,).
    """
    column = np.asarray(found)
    if column.shape != (n_obs,) or column.dtype.kind not in "fiub":
        found_as = f"of shape {column.shape} and type {column.dtype}"
        raise Violation(f"{what} is {found_as}, not ({n_obs},) of numbers")
    return column.astype(np.float64)


def unchanged(columns: Mapping[str, Floats], use: Callable[[Mapping[str, Floats]], Any]) -> Any:  # noqa: ANN401 - what `use` returns
    """Return what comes of using columns, which must be as they were afterwards.

    Raises
    ------
    Violation
        Where a column is changed, or one that is not among them is requested.
    """
    given = {name: values.copy() for name, values in columns.items()}
    try:
        found = use(given)
    except KeyError as error:
        raise Violation(f"asks for {error}, which it does not declare") from error
    for name, values in columns.items():
        refuse(not np.array_equal(given[name], values, equal_nan=True), f"changes its input '{name}'")
    return found


@rule("step")
def row_aligned(member: StepGroup | Step | TableStep) -> str:
    """Check that a column has a number for each row, whatever the order of the rows.

    Prepare the column, and again on the rows in the reverse order.
    """
    turned = np.arange(panels.ordinary_panel().n_obs)[::-1]
    found, again = (_prepared(member, rows) for rows in (turned[::-1], turned))
    for into, cells in found.items():
        refuse(not np.isfinite(cells).any(), f"no row of '{into}' has a value")
        if not np.allclose(cells[turned], again[into], rtol=1e-9, equal_nan=True):
            raise Violation(f"'{into}' is another where the rows come in another order")
    return ", ".join(found)


@rule("step", "row_aligned", name="repeatable")
def equal_columns(member: StepGroup | Step | TableStep) -> None:
    """Check that a step gives the same column each time, and leaves its inputs alone.

    Prepare the column twice.
    """
    rows = np.arange(panels.ordinary_panel().n_obs)
    found, again = (_prepared(member, rows) for _ in range(2))
    for into, cells in found.items():
        if not np.array_equal(cells, again[into], equal_nan=True):
            raise Violation(f"'{into}' differs from one call to the next")


def _prepared(written: StepGroup | Step | TableStep, rows: Ints) -> Mapping[str, Floats]:
    """Return the columns of a step on columns in (0, 1], given those alone that each declares as inputs."""
    panel = panels.ordinary_panel().take(rows)
    named = dict(zip(COLUMNS, panel.X.T, strict=True))
    every = {name: np.exp((x - x.max()) / x.std()) for name, x in named.items()}
    calendar = Calendar(panel.entity.codes, panel.period, {label: int(label) for label in panel.time.labels})
    found: dict[str, Floats] = {}
    if isinstance(written, TableStep):
        expansion = written.expand(_table(written, every))
        steps = expansion.steps
        found = {name: np.asarray(cells, dtype=np.float64) for name, cells in expansion.columns.items()}
    else:
        steps = single_steps(written)
    for step in steps:
        found[step.into] = _one_column(step, every | found, calendar)
    return found


def _table(step: TableStep, every: Mapping[str, Floats]) -> TableColumns:
    """Return columns of numbers, those that the step takes as groups by their thirds too."""
    groups = {}
    for name in step.grouped:
        _require_known(name, every)
        codes = np.searchsorted(np.quantile(every[name], [1 / 3, 2 / 3]), every[name])
        groups[name] = Key(name, THIRDS, codes)
    return TableColumns(groups, step.inputs)


def _require_known(name: str, every: Mapping[str, Floats]) -> None:
    refuse(name not in every, f"asks for '{name}': give it columns of the panel, {', '.join(COLUMNS)}")


def _one_column(step: Step, every: Mapping[str, Floats], calendar: Calendar) -> Floats:
    for name in step.inputs:
        _require_known(name, every)
    columns = {name: every[name] for name in step.inputs}
    found = unchanged(columns, lambda given: _column(step, given, calendar))
    return require_column(found, calendar.entity.size, what=f"'{step.into}'")


def _column(step: Step, columns: Mapping[str, Floats], calendar: Calendar) -> Floats:
    if isinstance(step, LearnedStep):
        return step.learn(columns).compute(columns)
    if isinstance(step, PanelStep):
        reached = {name: Column.of(cells) for name, cells in columns.items()}
        return step.across(reached, calendar).cells
    if isinstance(step, RowStep):
        return step.compute(columns)
    kind = type(step).__name__
    raise Violation(f"{kind} is no RowStep, PanelStep or LearnedStep: it lacks one of their members")


@rule("dataset")
def loads(member: Dataset) -> str:
    """Check that loading gives a table with rows, and columns of different names, the same each time.

    Load twice; what is done to one table must not show in the next.
    """
    require_words(member, "title", "source")
    if isinstance(member, ShippedDataset) and not member.is_installed:
        raise Skipped(f"the package {member.package} is not installed")
    return _two_tables(member.load(), member.load())


@rule("reader")
def refuses(member: FileReader) -> None:
    """Check that bytes that are no file of the format are refused by a DataError.

    Read a few bytes that no format begins with.
    """
    source = Source(b"\x00\xff\x00 no such file", f"file{member.suffixes[0]}", "entity", "time", FileSpec())
    try:
        frame = member.read(source).frame
    except DataError:
        return
    raise Violation(f"they are read as a table of {frame.shape[0]} rows; see `Source.read_as`")


@rule("reader", "refuses")
def reads(member: FileReader) -> str:
    """Check that a whole file is read as a table with rows, and columns of different names.

    Read the reader's `example` twice.
    """
    refuse(not member.example, "no file was read: give `FileReader` the bytes of a small one as `example`")
    source = Source(member.example, f"file{member.suffixes[0]}", "entity", "time", FileSpec())
    return _two_tables(member.read(source).frame, member.read(source).frame)


@rule("simulation")
def drawn(member: Simulation) -> str:
    """Check that drawing gives a table with rows, and columns of different names, the same each time.

    Draw twice.
    """
    require_words(member, "title")
    return _two_tables(member.draw(), member.draw())


@rule("simulation", "drawn")
def truth(member: Simulation) -> str:
    """Check that an outcome's expected value is known for the rows of the draw, in any order, and used.

    Ask for every column, and for the same rows in the reverse order.
    """
    frame = member.draw()
    known = []
    for outcome in frame.columns:
        try:
            found = member.expected(frame, outcome=outcome)
        except KeyError:
            continue
        truth = require_column(found, len(frame), what=f"the truth of '{outcome}'")
        turned = np.asarray(member.expected(frame[::-1], outcome=outcome))
        if not np.allclose(turned[::-1], truth, rtol=1e-12) or not np.isfinite(truth).all():
            raise Violation(f"the truth of '{outcome}' depends on the order of the rows, or is not finite")
        known.append(str(outcome))
    if not known:
        raise panels.Skipped("no column of the draw has a truth; outcomes are prepared from them")
    unused = "no scenario asks for the truth: declare `outcomes`, `exposure` and `moderators`"
    refuse(not isinstance(member, HasTruth), unused)
    return ", ".join(known)


def _two_tables(first: pd.DataFrame, second: pd.DataFrame) -> str:
    refuse(not isinstance(first, pd.DataFrame), f"gives a {type(first).__name__}, not a pandas DataFrame")
    if first.empty or not first.columns.is_unique:
        raise Violation("the table has no rows, no columns, or two columns of one name")
    refuse(not first.equals(second), "the table differs from one call to the next")
    return f"{len(first)} rows, {len(first.columns)} columns"


# Rows that metrics are asked of.
N_OBS = 200

# Columns that the harness adds to every table.
PLACE = {"outcome", "estimator", "scenario"}


@rule("protocol")
def folds(member: EvaluationProtocol) -> str:
    """Check that every fold has rows on both sides, each once, and a name of its own.

    Split the ordinary panel.
    """
    require_words(member, "title", "how", "stream")
    if member.prepared_on not in ("train", "all"):
        raise Violation(f"`prepared_on` is {member.prepared_on!r}, neither 'train' nor 'all'")
    panel = _grouped(member)
    folds = _split(member, panel)
    if not folds or not all(isinstance(fold, Fold) for fold in folds):
        raise Violation("split returns no folds: return a tuple of harness.plugin.Fold")
    refuse(len({fold.name for fold in folds}) < len(folds), "two folds have the same name")
    for fold in folds:
        for side, rows in fold.sides.items():
            if rows.size == 0 or rows.min() < 0 or rows.max() >= panel.n_obs:
                raise Violation(f"fold {fold.name}: the {side} rows are none, or not rows of the panel")
            refuse(np.unique(rows).size < rows.size, f"fold {fold.name}: the {side} rows name a row twice")
    return f"{len(folds)} folds"


@rule("protocol", "folds")
def leaks_declared(member: EvaluationProtocol) -> str:
    """Check that rows, entities and periods on both sides of a fold are declared among `leaks`.

    Compare the sides of every fold.
    """
    panel = _grouped(member)
    declared = {leak.code for leak in member.leaks}
    if TRAINING_ROWS.code in declared:
        return "the rows compared on are those trained on"
    shared = {
        TRAINING_ROWS: np.arange(panel.n_obs),
        SAME_ENTITY: panel.entity.codes,
        SAME_PERIOD: panel.period,
    }
    for fold in _split(member, panel):
        for leak, values in shared.items():
            if leak.code not in declared and np.intersect1d(values[fold.train], values[fold.test]).size:
                raise Violation(f"fold {fold.name}: {leak.text}, and `leaks` does not say so")
    return ""


@rule("protocol", "folds", name="repeatable")
def equal_folds(member: EvaluationProtocol) -> None:
    """Check that equal streams give equal folds.

    Split twice.
    """
    panel = _grouped(member)
    for fold, again in zip(_split(member, panel), _split(member, panel), strict=True):
        if not np.array_equal(fold.train, again.train) or not np.array_equal(fold.test, again.test):
            raise Violation(f"fold {fold.name} differs from one call to the next; draw from `rng` alone")


@rule("protocol", "folds", name="quick")
def quick_protocol(member: EvaluationProtocol) -> str:
    """Check that quick returns the same protocol with no more folds.

    Split by the quick protocol.
    """
    quick = member.quick()
    refuse(type(quick) is not type(member), f"quick returns a {type(quick).__name__}")
    panel = _grouped(member)
    n_quick = len(quick.split(fresh(panel), rng=random_stream(SEED, "folds")))
    refuse(n_quick > len(_split(member, panel)), f"quick has {n_quick} folds, more than the protocol itself")
    return f"{n_quick} folds"


def _grouped(member: EvaluationProtocol) -> Panel:
    return panels.grouped(panels.ordinary_panel(), tuple(member.columns))


def _split(member: EvaluationProtocol, panel: Panel) -> tuple[Fold, ...]:
    return tuple(member.split(fresh(panel), rng=random_stream(SEED, "folds")))


@rule("metric")
def losses(member: Metric) -> None:
    """Check that each row has a finite loss, at least zero, and zero where it is predicted exactly.

    Ask for losses of random predictions, and of exact ones.
    """
    require_words(member, "title", "how")
    observed, predicted = _predictions()
    losses = _losses(member, observed, predicted)
    if not np.isfinite(losses).all() or losses.min() < 0.0:
        raise Violation(f"losses reach from {losses.min():.3g} to {losses.max():.3g}")
    exact = _losses(member, observed, observed)
    refuse(exact.any(), f"a row that is predicted exactly has the loss {np.abs(exact).max():.3g}")
    refuse(not losses.any(), "no prediction has a loss, so nothing is compared")


@rule("metric", "losses")
def rows_alone(member: Metric) -> None:
    """Check that the loss of a row does not depend on the rows next to it, nor on their order.

    Ask for losses of every third row, in the reverse order.
    """
    observed, predicted = _predictions()
    rows = np.arange(N_OBS)[::-3]
    alone, among = _losses(member, observed[rows], predicted[rows]), _losses(member, observed, predicted)
    is_same = np.allclose(alone, among[rows], rtol=1e-12)
    refuse(not is_same, "the loss of a row is another without the rows next to it")


def _predictions() -> tuple[Floats, Floats]:
    rng = random_stream(SEED, "losses")
    observed = 3.0 + rng.normal(size=N_OBS)
    return observed, observed + rng.normal(size=N_OBS)


def _losses(member: Metric, observed: Floats, predicted: Floats) -> Floats:
    columns = {"observed": observed, "predicted": predicted}
    found = unchanged(columns, lambda given: member.loss(given["observed"], given["predicted"]))
    return require_column(found, observed.size, what="the loss")


@rule("scenario")
def answers(member: Scenario) -> str:
    """Check that least squares answer in the declared tables, in the declared columns.

    Ask least squares on the ordinary panel.
    """
    tables = {**member.describe(_panel(member)), **_answer(member)}
    declared = {table.name: table for table in (*member.tables, *member.data_tables)}
    refuse(not any(len(frame) for frame in tables.values()), "no table has a row")
    for name, frame in tables.items():
        if name not in declared:
            raise Violation(f"answers in the table '{name}', which `tables` and `data_tables` do not declare")
        if taken := PLACE & set(frame.columns):
            raise Violation(f"the table '{name}' has a column that the harness adds: {', '.join(taken)}")
        if unknown := set(frame.columns) - set(declared[name].columns):
            raise Violation(f"the table '{name}' has a column that it does not declare: {', '.join(unknown)}")
    return ", ".join(sorted(tables))


@rule("scenario", "answers", name="repeatable")
def equal_answers(member: Scenario) -> None:
    """Check that the same fit and seed give the same answer.

    Ask twice.
    """
    again = _answer(member)
    for name, frame in _answer(member).items():
        refuse(not frame.equals(again[name]), f"the table '{name}' differs from one call to the next")


@rule("scenario", "answers", name="quick")
def quick_scenario(member: Scenario) -> str:
    """Check that quick returns a scenario of the same class, and notes are harness.plugin.Note.

    Compare the classes, and read the notes.
    """
    quick = member.quick()
    refuse(type(quick) is not type(member), f"quick returns a {type(quick).__name__}")
    notes = member.notes(_panel(member))
    refuse(not all(isinstance(note, Note) for note in notes), "a note is no harness.plugin.Note")
    return ", ".join(note.code for note in notes)


def _panel(member: Scenario) -> Panel:
    """Return a panel that the scenario answers on: with an exposure of many values, or else of two."""
    panel = panels.grouped(panels.ordinary_panel(), tuple(member.columns))
    try:
        _asked(member, panel)
    except EstimationError:
        exposure = panel.column(panel.exposure)
        return panel.with_columns({panel.exposure: (exposure > np.median(exposure)).astype(np.float64)})
    return panel


def _answer(member: Scenario) -> Mapping[str, pd.DataFrame]:
    return _asked(member, _panel(member))


def _asked(member: Scenario, panel: Panel) -> Mapping[str, pd.DataFrame]:
    return answer_in_process(member, Subject(fresh(panel), StandIn(), StandIn.name, SEED))


@dataclass(frozen=True, eq=False)
class Setting:
    """Where a section, or what a rule finds, is looked for.

    Attributes
    ----------
    registry : what a study may use
    plugin : whose estimators, protocols, scenarios and metrics the kit's study uses; None for the harness's
    given : options of these
    study : spec of a study that has the section; None for the kit's own
    """

    registry: Registry
    plugin: Plugin | None = None
    given: Options = field(default_factory=dict)
    study: Path | None = None

    def options(self, out: Path) -> RunOptions:
        """Return what a quick run of the study takes."""
        if self.study is not None:
            return RunOptions(self.study, out=out, quick=True)
        spec = {
            "spec_version": 1,
            "study": "conformance",
            "title": "Conformance",
            "seed": SEED,
            "data": {"path": "panel.parquet"},
            "roles": {
                "entity": "entity",
                "time": "time",
                "outcomes": "outcome",
                "exposure": COLUMNS[0],
                "moderators": COLUMNS[1],
                "controls": COLUMNS[2:],
            },
            "estimators": [{"id": "reference", "use": StandIn.name}, *self._own("estimator")],
            "evaluation": {
                "reference": "reference",
                "protocols": ["in_sample", "held_out_entities", *self._own("protocol")],
                "metrics": list(self._own("metric")),
            },
            "scenarios": [{"use": "curve", "draws": 20}, *self._own("scenario")],
        }
        return RunOptions(
            written_spec(spec), data=frame_file(_example_table()), out=out, quick=True, trust_plugins=True
        )

    def _own(self, kind: str) -> Iterator[Mapping[str, object]]:
        members = {} if self.plugin is None else self.plugin.contributions.get(kind, {})
        for name, member in members.items():
            yield {"use": name, **stand_ins(member), **self.given.get(name, {})}


def _example_table() -> pd.DataFrame:
    """Return the ordinary panel as a table; all but its exposure in quarters, so that rows group by them."""
    panel = panels.ordinary_panel()
    columns = dict(zip(COLUMNS, panel.X.T, strict=True))
    for name in COLUMNS[1:]:
        columns[name] = pd.qcut(columns[name], 4, labels=False)
    keys = {key.name: np.array(key.labels)[key.codes] for key in (panel.entity, panel.time)}
    return pd.DataFrame({**keys, panel.outcome: panel.observed, **columns})


@rule("section")
def whole(case: tuple[Section, Setting]) -> str:
    """Check that a section has a title, a whole number for its place, and what makes its blocks.

    Look at what the page reads.
    """
    member, _ = case
    if not isinstance(member, Section):
        raise Violation(f"a {type(member).__name__} is no harness.plugin.reporting.Section")
    require_words(member, "name", "title")
    refuse(type(member.place) is not int, f"`place` is {member.place!r}, not a whole number")
    return f"at {member.place}"


@rule("section", "whole", is_slow=True)
def present(case: tuple[Section, Setting]) -> str:
    """Check that a section stands in the report of a small study, or in that of `--study`.

    Run the study with the estimators, protocols, scenarios and metrics of the plugin, and make the section.
    """
    member, at = case
    with TemporaryDirectory(prefix="harness-conformance-") as folder, house_style():
        options = at.options(Path(folder) / "run")
        run = read_run(write_run(options, with_stand_in(at.registry), workers=ThisProcess()))
        blocks = member.blocks(run)
        for figure in figures_in(blocks):
            finish(figure, is_simulated=False)
        rows = ", ".join(f"{len(run.frame(name))} rows in {name}" for name in member.tables)
    used = ", ".join(one.id for one in run.manifest.study.estimators)
    what = f"is not in the report of a study of {used}, which has {rows or 'no table that it names'}"
    refuse(not blocks, f"{what}; name a study that has it: --study SPEC")
    refuse(not all(isinstance(block, ReportBlock) for block in blocks), "`content` yields what is no block")
    return f"{len(blocks)} blocks"


@rule("command")
def helped(case: click.Command) -> str:
    """Check that a command says in a sentence what it does, and of each option what it is for.

    Look at the help.
    """
    refuse(not case.get_short_help_str(), "its help is empty: write a docstring")
    silent = [one.name for one in case.params if isinstance(one, click.Option) and not one.help]
    refuse(bool(silent), f"options without `help`: {', '.join(map(str, silent))}")
    return case.get_short_help_str()


@rule("rule")
def coded(case: tuple[Rule, Setting]) -> str:
    """Check that a rule names its tables and has a message for every sentence, with fields of it alone.

    A message may have the fields of its sentence and `estimator`, `entity` and `entities`; a function in its
    place is asked where a sentence is found.
    """
    member, _ = case
    if not isinstance(member, Rule):
        raise Violation(f"a {type(member).__name__} is no harness.plugin.findings.Rule")
    messages = ((sentence, words) for sentence, words in member.codes.items() if isinstance(words, str))
    for sentence, message in messages:
        named = {name for _, name, _, _ in Formatter().parse(message) if name}
        unknown = sorted(named - {"estimator", "entity", "entities"} - hints_of(sentence).keys())
        refuse(bool(unknown), f"the message of {sentence.__name__} has no field {', '.join(unknown)}")
    return f"{len(member.codes)} sentences"


@rule("rule", "coded", is_slow=True)
def keyed(case: tuple[Rule, Setting]) -> str:
    """Check that what a rule finds in a small study, or in that of `--study`, has keys and words of its own.

    Give each finding the ids of what it is about, and every sentence a message.
    """
    member, at = case
    with TemporaryDirectory(prefix="harness-conformance-") as folder:
        options = at.options(Path(folder) / "run")
        run = read_run(write_run(options, with_stand_in(at.registry), workers=ThisProcess()))
        study = run.manifest.study
        rows = [row for outcome in study.outcomes for row in member.findings(run, outcome)]
    keys = [row.key for row in rows]
    twice = next((key for key in keys if keys.count(key) > 1), "")
    refuse(bool(twice), f"two findings have the key {twice}")
    silent = next((row.code for row in rows if not with_text(row, study, member.codes).text), "")
    refuse(bool(silent), f"the sentence {silent} has no message")
    return f"{len(rows)} findings"
