"""A finished run as the report sees it, read once from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from harness.arrays import Floats, frozen_floats
from harness.data.note import Note
from harness.report.reading.claims import ClaimRow
from harness.report.reading.conditional import (
    Conditional,
    EffectRow,
    InteractionRow,
    ThresholdRow,
    effects_from,
)
from harness.report.reading.curves import Curve, CurveRow, RugRow, SupportRow, curves_from, spans_of
from harness.report.reading.decomposition import PartRow
from harness.report.reading.diagnostics import DiagnosticRow, Diagnostics, StatisticRow, selections_from
from harness.report.reading.expectations import ExpectationRow
from harness.report.reading.groups import DifferenceRow, GroupRow, Groups, LevelRow
from harness.report.reading.multiverse import ChoiceRow, Multiverse, multiverses_from
from harness.report.reading.networks import LearningRow, MapRow, NetworkRow, Networks, ProfileRow
from harness.report.reading.preparation import PreparationRow
from harness.report.reading.rows import AccuracyRow, CoefficientRow, GainRow, Row, VariableRow, read_rows
from harness.report.reading.surfaces import surfaces_from
from harness.report.reading.turning_points import TurningPointRow
from harness.store.manifest import Manifest

if TYPE_CHECKING:
    import pandas as pd

EFFECT_COLUMNS = {"moderator_at": "at", "effect": "estimate"}
"""Columns of ``conditional_effects`` by the fields of a line with bands."""


class RunReader(Protocol):
    """A run folder that can be read."""

    def read_table(self, name: str, /) -> pd.DataFrame:
        """Return the table in ``name.csv``; an empty frame where there is none."""

    def manifest(self) -> Manifest:
        """Return what manifest.json holds."""

    def files(self) -> tuple[str, ...]:
        """Return the paths of the reported files, with forward slashes."""


class RunStore(RunReader, Protocol):
    """A run folder that can be written to as well."""

    def write_text(self, relative: str, text: str, /) -> None:
        """Write a UTF-8 file whole or not at all."""

    def write_bytes(self, relative: str, data: bytes, /) -> None:
        """Write a file whole or not at all."""


@dataclass(frozen=True, eq=False)
class Run:
    """Everything the report speaks of.

    Attributes
    ----------
    curve_rows : the points of `curves`, and the rows that say why an estimator has no curve
    """

    manifest: Manifest
    accuracy: tuple[AccuracyRow, ...]
    gains: tuple[GainRow, ...]
    decomposition: tuple[PartRow, ...]
    multiverses: tuple[Multiverse, ...]
    choices: tuple[ChoiceRow, ...]
    coefficients: tuple[CoefficientRow, ...]
    curve_rows: tuple[CurveRow, ...]
    curves: tuple[Curve, ...]
    turning_points: tuple[TurningPointRow, ...]
    support: tuple[SupportRow, ...]
    rug: tuple[RugRow, ...]
    groups: Groups
    conditional: Conditional
    networks: Networks
    diagnostics: Diagnostics
    claims: tuple[ClaimRow, ...]
    expectations: tuple[ExpectationRow, ...]
    variables: tuple[VariableRow, ...]
    preparation: tuple[PreparationRow, ...]
    warnings: tuple[Note, ...]

    @property
    def curve_scenarios(self) -> tuple[str, ...]:
        """Ids of the scenarios that gave curves, in the order of the table."""
        return tuple(dict.fromkeys(one.scenario for one in self.curve_rows))

    def curves_of(self, outcome: str, scenario: str, kind: str) -> tuple[Curve, ...]:
        """Return the curves of one kind, in the order of the study's estimators."""
        order = {one.id: place for place, one in enumerate(self.manifest.study.estimators)}
        key = (outcome, scenario, kind)
        own = [one for one in self.curves if (one.outcome, one.scenario, one.kind) == key]
        return tuple(sorted(own, key=lambda one: order.get(one.estimator, len(order))))

    def turning_points_of(self, outcome: str, scenario: str, estimator: str) -> tuple[TurningPointRow, ...]:
        """Return the turning points of one curve; a row of kind ``none`` says that there is none."""
        key = (outcome, scenario, estimator)
        return tuple(
            row
            for row in self.turning_points
            if row.is_done and (row.outcome, row.scenario, row.estimator) == key
        )

    def rug_of(self, scenario: str) -> Floats:
        """Return quantiles of the exposure as observed, (n_quantiles,)."""
        return frozen_floats([row.exposure for row in self.rug if row.scenario == scenario])

    def unsupported_of(self, scenario: str) -> tuple[tuple[float, float], ...]:
        """Return the stretches of a scenario's grid that the data do not support."""
        return spans_of(row for row in self.support if row.scenario == scenario)


def read_run(folder: RunReader) -> Run:
    """Return the run in a folder; a table that the study did not ask for is empty.

    Raises
    ------
    ArtifactError
        Where the manifest or a table lacks what the report needs.
    """
    rows = _Tables(folder).rows
    points = rows("curves", CurveRow)
    manifest = folder.manifest()
    return Run(
        manifest=manifest,
        accuracy=rows("accuracy", AccuracyRow),
        gains=rows("gain", GainRow),
        decomposition=rows("decomposition", PartRow),
        multiverses=multiverses_from(folder.read_table("multiverse")),
        choices=rows("multiverse_choices", ChoiceRow),
        coefficients=rows("coefficients", CoefficientRow),
        curve_rows=points,
        curves=curves_from(points),
        turning_points=rows("turning_points", TurningPointRow),
        support=rows("support", SupportRow),
        rug=rows("rug", RugRow),
        groups=_groups(_Tables(folder)),
        conditional=_conditional(_Tables(folder)),
        networks=_networks(_Tables(folder)),
        diagnostics=_diagnostics(_Tables(folder)),
        claims=rows("claims", ClaimRow),
        expectations=rows("expectations", ExpectationRow),
        variables=rows("summary", VariableRow),
        preparation=rows("preparation", PreparationRow),
        warnings=rows("warnings", Note),
    )


@dataclass(frozen=True)
class _Tables:
    """The tables of a folder as typed rows."""

    folder: RunReader

    def rows(self, table: str, kind: type[Row]) -> tuple[Row, ...]:
        return read_rows(self.folder.read_table(table), kind, table=table)


def _groups(tables: _Tables) -> Groups:
    return Groups(
        rows=tables.rows("heterogeneity", GroupRow),
        differences=tables.rows("heterogeneity_differences", DifferenceRow),
        levels=tables.rows("heterogeneity_rows", LevelRow),
    )


def _conditional(tables: _Tables) -> Conditional:
    name = "conditional_effects"
    lines = tables.folder.read_table(name).rename(columns=EFFECT_COLUMNS)
    rows = read_rows(lines, EffectRow, table=name)
    return Conditional(
        surfaces=surfaces_from(tables.folder.read_table("surfaces")),
        effects=effects_from(rows),
        effect_rows=rows,
        thresholds=tables.rows("thresholds", ThresholdRow),
        interactions=tables.rows("interactions", InteractionRow),
    )


def _networks(tables: _Tables) -> Networks:
    return Networks(
        searches=tables.rows("details/networks", NetworkRow),
        learning=tables.rows("details/learning_curves", LearningRow),
        maps=tables.rows("details/som", MapRow),
        profiles=tables.rows("details/som_profile", ProfileRow),
    )


def _diagnostics(tables: _Tables) -> Diagnostics:
    return Diagnostics(
        tests=tables.rows("details/diagnostics", DiagnosticRow),
        statistics=tables.rows("details/statistics", StatisticRow),
        selections=selections_from(tables.folder.read_table("details/search")),
    )
