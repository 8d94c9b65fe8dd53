"""The manifest: what was run, on what, with what, and how every cell went."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.data.build import PanelBuilder
from harness.data.panel import Panel
from harness.data.table import Table
from harness.evaluation.fold import ALL_ROWS_PREPARED
from harness.evaluation.fold_fit import FoldResult
from harness.evaluation.universe import Universe
from harness.scenarios.full_fit import FullResult
from harness.spec.study import EstimatorEntry, ProtocolEntry, Study

MANIFEST_VERSION = 1


@dataclass(frozen=True)
class Provenance:
    """Where a run came from.

    Attributes
    ----------
    spec_path, spec_sha256 : the file, and its bytes
    command : that repeats the run
    overrides : ``key=value`` changes to the spec
    quick : whether draws, splits and restarts were cut
    versions : of Python and the libraries
    started : when
    """

    spec_path: str
    spec_sha256: str
    command: str
    overrides: tuple[str, ...]
    quick: bool
    versions: Mapping[str, str]
    started: datetime


def manifest(
    study: Study,
    provenance: Provenance,
    *,
    table: Table,
    panels: PanelBuilder,
    universes: Sequence[Universe],
    cells: Sequence[Mapping[str, Any]],
    seconds: float,
) -> dict[str, Any]:
    """Return the manifest of a run, without the hashes of its files.

    Parameters
    ----------
    universes : of the multiverse; none where the spec asks for none
    cells : as `cell_rows` gives them
    seconds : wall time of the run
    """
    return {
        "manifest_version": MANIFEST_VERSION,
        "study": _study(study, quick=provenance.quick, learns=panels.learns),
        "data": _data(table, panels.panel(study.roles.outcomes[0])),
        "multiverse": _multiverse(study, universes),
        "spec": {
            "path": provenance.spec_path,
            "sha256": provenance.spec_sha256,
            "overrides": list(provenance.overrides),
        },
        "versions": dict(provenance.versions),
        "command": provenance.command,
        "started": provenance.started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "cells": list(cells),
    }


def _study(study: Study, *, quick: bool, learns: bool) -> dict[str, Any]:
    roles = study.roles
    return {
        "id": study.study,
        "title": study.title,
        "description": study.description,
        "seed": study.seed,
        "quick": quick,
        "entity": roles.entity,
        "time": roles.time,
        "outcomes": list(roles.outcomes),
        "exposure": roles.exposure,
        "moderators": list(roles.moderators),
        "controls": list(roles.controls),
        "variables": {name: one.model_dump() for name, one in study.variables.items()},
        "estimators": [_estimator(entry) for entry in study.estimators],
        "reference": study.evaluation.reference,
        "further_references": list(study.evaluation.further_references),
        "protocols": [_protocol(entry, learns=learns) for entry in study.evaluation.protocols],
        "level": study.evaluation.level,
        "draws": study.evaluation.draws,
        "formats": list(study.report.formats),
        "featured": list(study.report.featured),
    }


def _estimator(entry: EstimatorEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "use": entry.use,
        "label": entry.label or entry.id,
        "options": _options(entry.estimator),
    }


def _protocol(entry: ProtocolEntry, *, learns: bool) -> dict[str, Any]:
    protocol = entry.protocol
    leaks = [dataclasses.asdict(leak) for leak in protocol.leaks if learns or leak != ALL_ROWS_PREPARED]
    return {"id": entry.id, "use": entry.use, "title": protocol.title, "how": protocol.how, "leaks": leaks}


def _multiverse(study: Study, universes: Sequence[Universe]) -> dict[str, Any]:
    references = study.multiverse.references if study.multiverse else ()
    return {"references": list(references), "universes": [dataclasses.asdict(one) for one in universes]}


def _options(value: Any) -> Any:  # noqa: ANN401 - options are whatever a plugin's dataclass holds
    """Return a frozen dataclass of options as plain data, nested estimators with their name."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        plain = {one.name: _options(getattr(value, one.name)) for one in dataclasses.fields(value)}
        name = getattr(value, "name", None)
        return ({"use": name} | plain) if isinstance(name, str) else plain
    if isinstance(value, tuple | list):
        return [_options(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _data(table: Table, panel: Panel) -> dict[str, Any]:
    return {
        "origin": table.origin,
        "title": table.title,
        "source": table.source,
        "sha256": table.sha256,
        "simulated": table.simulated,
        "n_obs": panel.n_obs,
        "n_entities": panel.n_entities,
        "n_periods": panel.n_periods,
        "balanced": panel.n_obs == panel.n_entities * panel.n_periods,
        "first_period": panel.time.labels[int(panel.time.codes[panel.period.argmin()])],
        "last_period": panel.time.labels[int(panel.time.codes[panel.period.argmax()])],
    }


def cell_rows(folds: Iterable[FoldResult], fulls: Iterable[FullResult]) -> list[dict[str, Any]]:
    """Return the status of every cell: folds, full-sample fits and scenario answers."""
    rows = [_cell(one.label, one.status, one.reason, one.seconds) for one in folds]
    for full in fulls:
        place = f"{full.outcome} · {full.estimator}"
        rows.append(_cell(full.label, full.status, full.reason, full.seconds))
        rows += [_cell(f"{place} · {one.scenario}", one.status, one.reason, 0.0) for one in full.answers]
    return rows


def _cell(name: str, status: str, reason: str, seconds: float) -> dict[str, Any]:
    return {"cell": name, "status": status, "reason": reason, "seconds": round(seconds, 3)}
