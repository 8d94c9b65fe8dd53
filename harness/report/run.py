"""A finished run as the report sees it, read once from its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from harness.arrays import Floats, frozen_floats
from harness.data.note import Note
from harness.report.curves import Curve, CurveRow, RugRow, SupportRow, curves_from, unsupported_spans
from harness.report.manifest import Manifest, read_manifest
from harness.report.rows import AccuracyRow, CoefficientRow, GainRow, Row, VariableRow, read_rows

if TYPE_CHECKING:
    import pandas as pd


class RunReader(Protocol):
    """A run folder that can be read."""

    def read_table(self, name: str, /) -> pd.DataFrame:
        """Return the table in ``name.csv``; an empty frame where there is none."""

    def manifest(self) -> Mapping[str, Any]:
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
    coefficients: tuple[CoefficientRow, ...]
    curve_rows: tuple[CurveRow, ...]
    curves: tuple[Curve, ...]
    support: tuple[SupportRow, ...]
    rug: tuple[RugRow, ...]
    variables: tuple[VariableRow, ...]
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

    def rug_of(self, scenario: str) -> Floats:
        """Return quantiles of the exposure as observed, (n_quantiles,)."""
        return frozen_floats([row.exposure for row in self.rug if row.scenario == scenario])

    def unsupported_of(self, scenario: str) -> tuple[tuple[float, float], ...]:
        """Return the stretches of a scenario's grid that the data do not support."""
        own = sorted((row for row in self.support if row.scenario == scenario), key=lambda row: row.at)
        at = frozen_floats([row.at for row in own])
        return unsupported_spans(at, np.array([row.supported for row in own], dtype=np.bool_))


def read_run(folder: RunReader) -> Run:
    """Return the run in a folder; a table that the study did not ask for is empty.

    Raises
    ------
    ArtifactError
        Where the manifest or a table lacks what the report needs.
    """

    def rows(table: str, kind: type[Row]) -> tuple[Row, ...]:
        return read_rows(folder.read_table(table), kind, table=table)

    points = rows("curves", CurveRow)
    return Run(
        manifest=read_manifest(folder.manifest()),
        accuracy=rows("accuracy", AccuracyRow),
        gains=rows("gain", GainRow),
        coefficients=rows("coefficients", CoefficientRow),
        curve_rows=points,
        curves=curves_from(points),
        support=rows("support", SupportRow),
        rug=rows("rug", RugRow),
        variables=rows("summary", VariableRow),
        warnings=rows("warnings", Note),
    )
