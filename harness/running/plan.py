"""From a study and its data to the list of fits that answer it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import methodcaller
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import numpy as np
from pydantic import BaseModel

from harness.arrays import Ints
from harness.data.messages import describe_column
from harness.data.panel import Panel, SplitUnit, with_entity_means
from harness.data.rules import RowFilter
from harness.errors import DataError, EstimationError, PluginError, Problem
from harness.estimators.protocol import Estimator, absorbs_entities, for_folds, grouped_by, quick
from harness.estimators.target import on_target
from harness.evaluation.fold_fit import FoldCell, FoldTask
from harness.evaluation.protocol import Fold
from harness.language import LINES, Coded, chained, marked, quoted
from harness.record.manifest import HeadlineRecord, choice_in_words
from harness.registry.catalog import Catalogs, changed_options
from harness.rng import random_stream
from harness.running.dependence import Panels, described
from harness.running.graph import StudyTask, all_tasks
from harness.running.varied import VariedFit, curve_of, varied_fits
from harness.scenarios.full_fit import FullTask
from harness.scenarios.scenario import AsksRows, Part, Scenario, Subject, WorksInParts
from harness.scenarios.task import PartCell, PartTask
from harness.study.spec.entry import (
    IDENTIFIED,
    IN_WORDS,
    EstimatorEntry,
    Identified,
    ProtocolEntry,
    ScenarioEntry,
    identified_by,
)
from harness.study.spec.study import Study
from harness.study.variation import LADDER

# Groups that a scenario compares, pair by pair: as many as there are countries.
MAX_GROUPS = 250


def as_quick(study: Study) -> Study:
    """Return the study as ``--quick`` runs it: fewer draws, splits, restarts; never other rows or columns.

    It expects what a spec pins of a quick run: other numbers are those of the whole study.
    """
    evaluation, ladder, as_quick = study.evaluation, study.method_ladder, methodcaller("quick")
    fewer = {"protocols": each_changed(evaluation.protocols, "protocol", as_quick)}
    if ladder is not None:
        first = (ladder.outcomes or study.roles.outcomes)[:1]
        ladder = ladder.model_copy(update={"start": quick(ladder.start), "outcomes": first})
    return study.model_copy(
        update={
            "estimators": each_changed(study.estimators, "estimator", quick),
            "expect": tuple(one for one in study.expect if one.quick),
            "multiverse": study.multiverse and study.multiverse.quick(),
            "method_ladder": ladder,
            "evaluation": evaluation.model_copy(update=fewer),
            "scenarios": each_changed(study.scenarios, "scenario", as_quick),
        }
    )


def each_changed(entries: Iterable[BaseModel], part: str, change: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Return entries of a study whose choice, a field of this name, is changed."""
    return tuple(one.model_copy(update={part: change(getattr(one, part))}) for one in entries)


def as_whole(study: Study) -> Study:
    """Return the study as it runs without ``--quick``: it expects nothing that a quick run gives."""
    return study.model_copy(update={"expect": tuple(one for one in study.expect if not one.quick)})


def group_columns(study: Study, known: Catalogs) -> tuple[str, ...]:
    """Return the columns that protocols, scenarios and estimators of a study group rows by, each once.

    Raises
    ------
    SpecError
        Where a variation changes what its estimator does not have.
    """
    estimators = [entry.estimator for entry in study.estimators]
    estimators += [one.entry.estimator for one in varied_fits(study, known)]
    names = [name for entry in study.evaluation.protocols for name in entry.protocol.columns]
    names += [name for entry in study.scenarios for name in entry.scenario.columns]
    names += [name for estimator in estimators for name in grouped_by(estimator)]
    return tuple(dict.fromkeys(names))


class PanelSource(Protocol):
    """What panels come from: the checked data of a study, or outcomes drawn on them."""

    def panel(self, outcome: str, *, fit_rows: Ints | None = None, split_unit: SplitUnit = "entity") -> Panel:
        """Return the panel of one outcome; see `harness.data.build.PanelBuilder.panel`."""

    def rows(self, rules: Mapping[str, RowFilter]) -> Ints:
        """Return the positions of the rows that all rules keep; see `PanelBuilder.rows`."""


# Rows of the sample by which a larger plan is told, and its tasks are counted.
MOST_ROWS = 4_000

# Entities that a sample has at least, if there are so many.
LEAST_ENTITIES = 50


def sampled_rows(panel: Panel, most_rows: int) -> Ints:
    """Return the positions of about so many rows: of every n-th entity, of few entities in late periods."""
    codes, periods = np.unique(panel.entity.codes), np.unique(panel.period)
    step = max(1, min(-(-panel.n_obs // most_rows), codes.size // LEAST_ENTITIES))
    own = np.isin(panel.entity.codes, codes[::step])
    n_late = max(2, periods.size * most_rows // int(own.sum()))
    return np.flatnonzero(own & (panel.period >= periods[-min(n_late, periods.size)]))


@dataclass(frozen=True, eq=False)
class SampledPanels:
    """Some rows of other panels, prepared on all rows.

    Attributes
    ----------
    whole : the other panels
    kept : positions of the rows
    """

    whole: PanelSource
    kept: Ints
    _panels: dict[tuple[str, SplitUnit], Panel] = field(default_factory=dict, init=False, repr=False)

    def panel(self, outcome: str, *, fit_rows: Ints | None = None, split_unit: SplitUnit = "entity") -> Panel:
        """Return the panel of one outcome; the same whatever rows steps learn from."""
        if (outcome, split_unit) not in self._panels:
            own = self.whole.panel(outcome, split_unit=split_unit).take(self.kept)
            entity, time = own.entity.without_absent(), own.time.without_absent()
            self._panels[outcome, split_unit] = replace(own, entity=entity, time=time)
        return self._panels[outcome, split_unit]

    def rows(self, rules: Mapping[str, RowFilter]) -> Ints:
        """Return the positions among these rows of those that all rules keep."""
        return np.flatnonzero(np.isin(self.kept, self.whole.rows(rules)))


@dataclass(frozen=True, eq=False)
class Split:
    """One protocol applied to the panel.

    Attributes
    ----------
    entry : the protocol as the spec names it
    folds : empty where the panel is too small, and then `reason` says so
    """

    entry: ProtocolEntry
    folds: tuple[Fold, ...]
    reason: str = ""


def _base_rate(panel: Panel) -> Iterator[Coded]:
    """Yield what became of networks in public studies of the shape of a panel, where there are enough."""
    from harness.findings.rules.gain_caveat import base_rate

    rate = base_rate(panel.n_entities, panel.n_periods)
    if rate is not None:
        yield Coded(
            "Among {n_studies} public studies of about this shape, a network predicted significantly better "
            "than the best simple rival for new entities in {n_new}, for the same entities in {n_same}.",
            **vars(rate),
        )


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything a run will do.

    Attributes
    ----------
    study : as it will run, with ``--quick`` as it runs then
    panels : what the panels come from
    splits : the protocols' folds, the same for all outcomes and estimators
    varied : the variations of the study whose gains are taken, as they are fitted
    rows : positions of the rows that estimators with rows of their own are fitted on, by id
    """

    study: Study
    panels: PanelSource
    splits: tuple[Split, ...]
    varied: tuple[VariedFit, ...]
    rows: Mapping[str, Ints] = field(default_factory=dict)

    def compared(self, outcome: str, protocol: str, index: int) -> Iterator[tuple[EstimatorEntry, str]]:
        """Yield what is fitted on the split of a protocol with an index, and the label of its random stream.

        They are estimators without rows of their own, and variations, those that are equal once.
        """
        yield from ((entry, "") for entry in self.study.estimators if entry.id not in self.rows)
        varied = [one.fits for one in self.varied if one.uses(outcome, protocol, index)]
        yield from {name: fit for fits in varied for name, fit in fits.items()}.values()

    @property
    def chosen(self) -> tuple[object, ...]:
        """What is chosen by name: estimators, scenarios and protocols."""
        study = self.study
        found = [entry.estimator for entry in study.estimators], [one.scenario for one in study.scenarios]
        return (*found[0], *found[1], *(entry.protocol for entry in study.evaluation.protocols))

    @property
    def folds(self) -> Mapping[tuple[str, str], Fold]:
        """The folds by protocol and name."""
        return {(split.entry.id, fold.name): fold for split in self.splits for fold in split.folds}

    @property
    def n_tasks(self) -> int:
        """Number of tasks: folds, full-sample fits and parts of answers."""
        fits = 0
        for outcome in self.study.roles.outcomes:
            fits += len(self.study.estimators) + len(self._curve_fits(outcome))
            for split in self.splits:
                for index in range(len(split.folds)):
                    fits += sum(1 for _ in self.compared(outcome, split.entry.id, index))
        return fits + sum(1 for _ in self.part_tasks())

    @property
    def n_steps(self) -> int:
        """Number of tasks that fits on all rows rest on: fits and blocks of draws."""
        return sum(len(list(all_tasks(task))) - 1 for task in self.full_tasks())

    def describe(self, lost: str = "") -> str:
        """Return the plan in words, a line for each protocol and estimator.

        Parameters
        ----------
        lost : what the first line says of rows that are left out
        """
        study, panel = self.study, self.panels.panel(self.study.roles.outcomes[0])
        lines = [
            Coded(
                "study {study}: {rows} rows, {entities} entities, {periods} periods{lost}",
                study=study.study,
                rows=panel.n_obs,
                entities=panel.n_entities,
                periods=panel.n_periods,
                lost=lost,
            ),
            Coded(
                "outcomes: {outcomes}; exposure: {exposure}",
                outcomes=", ".join(study.roles.outcomes),
                exposure=study.roles.exposure,
            ),
        ]
        for split in self.splits:
            one, several = marked("1 fold. {how}"), marked("{n} folds. {how}")
            folds = Coded(
                one if len(split.folds) == 1 else several, n=len(split.folds), how=split.entry.protocol.how
            )
            what = folds if split.folds else split.reason
            lines.append(Coded("protocol {id}: {what}", id=quoted(split.entry.id), what=what))
        for entry in study.estimators:
            what = choice_in_words(changed_options(entry.estimator))
            target = IN_WORDS[entry.target]
            lines.append(
                Coded("estimator {id}: {what}{target}", id=quoted(entry.id), what=quoted(what), target=target)
            )
        for scenario in study.scenarios:
            what = choice_in_words(changed_options(scenario.scenario))
            lines.append(Coded("scenario {id}: {what}", id=quoted(scenario.id), what=quoted(what)))
        if ranked := list(map(in_words, headline_records(study))):
            effects = chained(ranked, marked("{before}, then {last}", code="then"))
            lines.append(Coded("headline effect: {effects}", effects=effects))
        lines.append(Coded("fits in all: {n}", n=self.sampled(MOST_ROWS).n_tasks))
        if study.data.simulate is None:
            lines += _base_rate(panel)
        return chained(lines, LINES)

    def sampled(self, most_rows: int) -> Plan:
        """Return the plan of whole entities with about so many rows; itself where it has no more."""
        panel = self.panels.panel(self.study.roles.outcomes[0])
        if panel.n_obs <= most_rows:
            return self
        panels = SampledPanels(self.panels, sampled_rows(panel, most_rows))
        return _planned(self.study, panels, self.varied)

    def tasks(self) -> Iterator[StudyTask]:
        """Yield the tasks, the long full-sample fits first, so that no worker idles at the end."""
        yield from self.full_tasks()
        yield from self.part_tasks()
        yield from self.fold_tasks()

    def full_tasks(self) -> Iterator[FullTask]:
        """Yield one task for each outcome and estimator on all rows."""
        scenarios = {
            entry.id: entry.scenario
            for entry in self.study.scenarios
            if not isinstance(entry.scenario, WorksInParts | AsksRows)
        }
        for outcome in self.study.roles.outcomes:
            panel = self.panels.panel(outcome)
            for entry in self.study.estimators:
                own = self._own(entry, panel)
                rows = with_entity_means(own) if entry.entity_means else own
                subject = Subject(rows, _fitted_by(entry), entry.id, self.study.seed)
                answered = {name: one for name, one in scenarios.items() if entry.answers(name)}
                yield FullTask(subject, answered, panel.exposure, self.study.evaluation.level)
            for name, (estimator, split_unit) in self._curve_fits(outcome).items():
                rows = replace(panel, split_unit=split_unit)
                subject = Subject(rows, estimator, name, self.study.seed)
                yield FullTask(subject, self._ladder_curve, panel.exposure, self.study.evaluation.level)

    @cached_property
    def _ladder_curve(self) -> Mapping[str, Scenario]:
        """The curve that the fits of a ladder on all rows are asked; empty where there is no truth."""
        entry = curve_of(self.study)
        return {} if entry is None else {entry.id: entry.scenario}

    def _curve_fits(self, outcome: str) -> Mapping[str, tuple[Estimator, SplitUnit]]:
        """Return what a ladder fits on all rows: its methods by their fits' names, where there is a truth.

        What stops or selects them is set aside as on the splits of the protocol that they are compared on.
        """
        units = {split.entry.id: split.folds[0].split_unit for split in self.splits if split.folds}
        steps = (one for one in self.varied if one.variation.list == LADDER and outcome in one.outcomes)
        named = ((one.entry, units[one.protocols[0][0]]) for one in steps if self._ladder_curve)
        return {entry.id: (entry.estimator, unit) for entry, unit in named}

    def subjects(self) -> Iterator[tuple[ScenarioEntry, WorksInParts, Subject]]:
        """Yield who answers in parts: every scenario that works so, of every outcome and whom it asks."""
        entries = {entry.id: entry for entry in self.study.estimators}
        own = {name: _fitted_by(entry) for name, entry in entries.items()}
        for outcome in self.study.roles.outcomes:
            panel = self.panels.panel(outcome)
            for entry in self.study.scenarios:
                if isinstance(entry.scenario, WorksInParts):
                    for name, estimator in entry.scenario.respondents(own).items():
                        if name in entries and not entries[name].answers(entry.id):
                            continue
                        rows = self._own(entries[name], panel) if name in entries else panel
                        subject = Subject(rows, estimator, name, self.study.seed)
                        yield entry, entry.scenario, subject

    def part_tasks(self) -> Iterator[PartTask]:
        """Yield a task for each part of an answer, those that others need before them.

        One that is the same for several outcomes or scenarios is yielded once, under the first of these.
        """
        yielded: set[PartCell] = set()
        for entry, scenario, subject in self.subjects():
            for part in scenario.parts(subject):
                cell = PartCell(subject.panel.outcome, subject.name, entry.id, part.label)
                firsts = [self.shared.first(replace(cell, part=need.label), need) for need in part.needs]
                needs = tuple(map(PartTask, firsts, part.needs))
                for task in (*needs, PartTask(self.shared.first(cell, part), part, needs)):
                    if task.part_cell not in yielded:
                        yielded.add(task.part_cell)
                        yield task

    @cached_property
    def shared(self) -> SharedParts:
        """Kept from the making of tasks to that of answers."""
        return SharedParts()

    def fold_tasks(self) -> Iterator[FoldTask]:
        """Yield one task for each outcome, protocol, fold and estimator."""
        for outcome in self.study.roles.outcomes:
            for split in self.splits:
                for index, fold in enumerate(split.folds):
                    fit_rows = fold.train if split.entry.protocol.prepared_on == "train" else None
                    panel = self.panels.panel(outcome, fit_rows=fit_rows, split_unit=fold.split_unit)
                    for entry, stream in self.compared(outcome, split.entry.id, index):
                        own = entry.columns_of(panel)
                        own = with_entity_means(own, known=fold.train) if entry.entity_means else own
                        cell = FoldCell(outcome, entry.id, split.entry.id, fold.name)
                        yield FoldTask(cell, for_folds(_fitted_by(entry)), own, fold, self.study.seed, stream)

    def _own(self, entry: EstimatorEntry, panel: Panel) -> Panel:
        """Return the rows and columns of a panel of the study that an estimator is fitted on."""
        own = entry.columns_of(replace(panel, split_unit=entry.split_unit))
        return own.take(self.rows[entry.id]) if entry.id in self.rows else own


def _fitted_by(entry: EstimatorEntry) -> Estimator:
    """Return the estimator of an entry as it is fitted."""
    levels, target, regressors = entry.is_in_levels, entry.target, entry.regressors
    return entry.estimator if levels else on_target(entry.estimator, target, regressors)


def make_plan(study: Study, panels: PanelSource, known: Catalogs) -> Plan:
    """Split the panel by every protocol of the study, and make its variations.

    Raises
    ------
    SpecError
        Where a variation changes what its estimator does not have.
    DataError
        Where a scenario would compare more than `MAX_GROUPS` groups,
        or the rows of an estimator do not fit the data.
    """
    return _planned(study, panels, varied_fits(study, known))


def _planned(study: Study, panels: PanelSource, varied: tuple[VariedFit, ...]) -> Plan:
    panel = panels.panel(study.roles.outcomes[0])
    _require_few_groups(study, panel)
    splits = tuple(_split(entry, panel, seed=study.seed) for entry in study.evaluation.protocols)
    rows = {entry.id: panels.rows(entry.rows) for entry in study.estimators if entry.rows}
    return Plan(study, panels, splits, varied, rows)


def _split(entry: ProtocolEntry, panel: Panel, *, seed: int) -> Split:
    try:
        folds = entry.protocol.split(panel, rng=random_stream(seed, "folds", entry.protocol.stream))
    except EstimationError as error:
        return Split(entry, (), Coded("{before}; {last}", before=error.what, last=error.hint))
    if not isinstance(folds, tuple) or not all(isinstance(fold, Fold) for fold in folds):
        by = f"protocol {entry.id}: split"
        raise PluginError.returned(folds, "a tuple, each entry a harness.plugin.Fold", by=by)
    for fold in folds:
        for side, rows in fold.sides.items():
            if rows.min(initial=0) < 0 or rows.max(initial=0) >= panel.n_obs:
                what = Coded(
                    "fold {name}: {side} rows from {first} to {last}",
                    name=fold.name,
                    side=side,
                    first=rows.min(),
                    last=rows.max(),
                )
                expected = Coded("positions of the panel's rows, 0 to {n_obs}", n_obs=panel.n_obs - 1)
                raise PluginError.at(Coded("protocol {id}: split", id=entry.id), what, expected)
    if not any(fold.test.size for fold in folds):
        return Split(entry, (), marked("none of its splits has a test row"))
    return Split(entry, folds)


def _require_few_groups(study: Study, panel: Panel) -> None:
    """Refuse scenarios by a column that has a group for nearly every row, before anything is fitted."""
    hint = marked("group by a coarser column, or make one under data.prepare with `classes` or `recode`")
    problems = []
    for entry in study.scenarios:
        for name in entry.scenario.columns:
            n_groups = len(panel.group(name).labels)
            most = max(2, min(MAX_GROUPS, panel.n_obs // 2))
            if n_groups > most:
                what = Coded(
                    "the scenario '{id}' would compare {n_groups} groups",
                    id=entry.id,
                    n_groups=f"{n_groups:,}",
                )
                problems.append(
                    Problem(describe_column(name), what, Coded("at most {most}", most=most), hint)
                )
    if problems:
        raise DataError(*problems)


class SharedParts:
    """Which parts are the same; what they hold is looked at once, however often they are made.

    Attributes
    ----------
    firsts : the cell that each part is found under
    """

    def __init__(self) -> None:
        self.firsts: dict[PartCell, PartCell] = {}
        self._panels: Panels = WeakKeyDictionary()
        self._known: dict[tuple[str, str, str], PartCell] = {}

    def first(self, cell: PartCell, part: Part) -> PartCell:
        """Return the cell of the first part asked for that has the label and content of this one."""
        if cell not in self.firsts:
            content = (cell.estimator, cell.part, described(part, self._panels).digest)
            self.firsts[cell] = self._known.setdefault(content, cell)
        return self.firsts[cell]


def headline_records(study: Study) -> tuple[HeadlineRecord, ...]:
    """Return the effects that could be the headline, the first of which is.

    The one that the study declares comes first, then the others by what they identify, in the order of
    `harness.study.spec.entry.IDENTIFIED`, and of one kind scenarios before estimators, each as the study
    lists them. No result changes this order.
    """
    return tuple(sorted(_records(study), key=_rank))


def _rank(record: HeadlineRecord) -> tuple[bool, int]:
    return not record.is_declared, [str(one) for one in IDENTIFIED].index(record.identifies)


def _records(study: Study) -> Iterator[HeadlineRecord]:
    for one in study.scenarios:
        if kind := identified_by(one.scenario):
            yield HeadlineRecord(kind, scenario=one.id, is_declared=one.primary)
    for entry in study.estimators:
        if kind := _identified(entry):
            yield HeadlineRecord(kind, estimator=entry.id, is_declared=entry.primary)


def _identified(entry: EstimatorEntry) -> Identified | None:
    """Return what an estimator identifies of the study's exposure on all rows, of the outcome's mean.

    Of another exposure, on other rows or of a transformed outcome it counts where it is declared.

    One with an option for effects that names none of entities is pooled, without the means of its regressors.
    """
    kind = identified_by(entry.estimator)
    is_other = entry.exposure is not None or entry.rows or entry.target != "level"
    if is_other and not entry.primary:
        return None
    has_option = any(hasattr(entry.estimator, name) for name in ("effects", "absorb"))
    if kind in ("within", "pooled") and entry.entity_means:
        return "within"
    return "pooled" if kind == "within" and has_option and not absorbs_entities(entry.estimator) else kind


# How what an estimator explains reads (`IN_WORDS`), and parts of the labels of tasks.
MESSAGES = (
    *(marked("the fit itself"), marked(" in logs"), marked(" in log(1 + y)")),
    marked(" in inverse hyperbolic sines"),
)


# What estimators and scenarios identify, in words.
WORDS: Mapping[str, str] = {
    "staged_treatment": marked("staged treatment"),
    "instruments": marked("instruments"),
    "dynamics": marked("dynamics"),
    "spatial_impacts": marked("spatial impacts"),
    "debiased": marked("debiased"),
    "mediation": marked("mediation"),
    "within": marked("within", code="within_entities"),
    "pooled": marked("pooled"),
}


def in_words(record: HeadlineRecord) -> str:
    """Return whose effect it is, and why it has its rank."""
    why = marked("declared primary") if record.is_declared else WORDS[record.identifies]
    return Coded("{effect} ({why})", effect=quoted(record.scenario or record.estimator), why=why)
