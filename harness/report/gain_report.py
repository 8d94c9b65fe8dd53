"""The standardised accuracy-gain report: errors, gain, interval and protocol of every cell, as JSON.

Keys and codes are English whatever the language of the report; titles, labels, reasons and verdicts are
in it.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from harness.findings.gains import Gains
from harness.findings.multiverse import Multiverse, honest, multiverses, published_gains
from harness.findings.rules.gain import established_gains, verdict_caveats
from harness.findings.run import Run, RunReader, read_run
from harness.language import spaced
from harness.record.manifest import StudyRecord
from harness.report.translation import localised
from harness.tables.accuracy import ACCURACY, AccuracyRow
from harness.tables.claims import CLAIMS
from harness.tables.findings import FINDINGS
from harness.tables.gain import DECOMPOSITION, GAIN, MULTIVERSE_CHOICES, GainRow
from harness.tables.table import CODE
from harness.text.render import sentence_text

# Of the format: the first number changes where a reader of the old one would err, the second where something
# is added. ``gain_report.schema.json`` beside this file defines it.
VERSION = "4.0"

STUDY_FIELDS = (
    *("id", "title", "seed", "quick", "entity", "time", "exposure", "reference", "level", "least_gain"),
)
PROTOCOL_FIELDS = ("id", "title", "how", "keeps_test_rows_apart")
SCHEMA = "gain_report.schema.json"

CELL_FIELDS = (
    *("outcome", "estimator", "protocol", "sample", "status", "reason", "n_obs", "n_entities"),
    *("mse", "rmse", "nmse", "r2"),
)
ESTIMATOR_FIELDS = ("id", "use", "label", "options")
GAIN_FIELDS = (
    *("reference", "conf_low", "conf_high", "p_value", "p_holm", "least_detectable", "mse_reference"),
    *("inference", "n_folds", "decision"),
    *("n_entities", "status", "reason"),
)
PART_FIELDS = (
    *("outcome", "estimator", "reference", "part", "protocol", "estimate", "conf_low", "conf_high"),
    *("mse", "mse_reference", "decision"),
)
CHOICE_FIELDS = ("choice", "level", "n", "mean_gain", "share_of_variance")


def gain_report(folder: RunReader, *, messages: Sequence[Path] = ()) -> dict[str, Any]:
    """Return the content of gain_report.json for the run in a folder.

    Parameters
    ----------
    messages : folders of the plugins' catalogs, for a report in another language
    """
    with localised(read_run(folder), messages=messages) as run:
        return report_of(run)


def report_of(run: Run) -> dict[str, Any]:
    """Return the accuracy-gain report of a run, in the language in use; missing numbers are None."""
    manifest = run.manifest
    study = manifest.study
    gains: dict[tuple[str, str, str, str], dict[str, GainRow]] = {}
    for row in run.rows(GAIN):
        gains.setdefault(_key(row), {})[row.reference] = row
    over = Gains(run)
    return {
        "gain_report_version": VERSION,
        "study": _fields(study, STUDY_FIELDS)
        | {
            "outcomes": [
                {"name": name, "label": study.label(name), "unit": study.unit(name)}
                for name in study.outcomes
            ]
        },
        "data": {name: own for name, own in vars(manifest.data).items() if not name.endswith(CODE)},
        "spec": {"path": manifest.spec.path, "sha256": manifest.spec.sha256},
        "versions": dict(manifest.versions),
        "estimators": [_fields(entry, ESTIMATOR_FIELDS) for entry in study.estimators],
        "protocols": [
            _fields(entry, PROTOCOL_FIELDS) | {"leaks": list(map(dataclasses.asdict, entry.leaks))}
            for entry in study.protocols
        ],
        "cells": [_cell(row, gains.get(_key(row), {}), study) for row in run.rows(ACCURACY)],
        "verdicts": [_verdict(over, outcome) for outcome in study.outcomes],
        "further_verdicts": [_verdict(one, outcome) for one in over.further for outcome in study.outcomes],
        "decomposition": [_fields(row, PART_FIELDS) for row in run.rows(DECOMPOSITION)],
        "multiverse": [_multiverse(run, one) for one in run.view(multiverses)],
    }


def _key(row: AccuracyRow | GainRow) -> tuple[str, str, str, str]:
    return row.outcome, row.estimator, row.protocol, row.sample


def _fields(value: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: json_value(getattr(value, name)) for name in names}


def _cell(row: AccuracyRow, gains: Mapping[str, GainRow], study: StudyRecord) -> dict[str, Any]:
    """Return a cell with its gains, by reference."""
    over = {name: _gain(gain) for name, gain in gains.items()}
    further = [over[name] for name in study.further_references if name in over]
    return _fields(row, CELL_FIELDS) | {"gain": over.get(study.reference), "further_gains": further}


def _gain(row: GainRow) -> dict[str, Any]:
    return _fields(row, GAIN_FIELDS) | {"estimate": json_value(row.gain)}


def _verdict(gains: Gains, outcome: str) -> dict[str, Any]:
    """Return the verdicts over one reference; over the study's, with what stands against them."""
    study, rows = gains.run.manifest.study, gains.rows(outcome)
    verdicts = gains.run.rows(FINDINGS, outcome=outcome, code="gain_verdict", about=gains.reference)
    caveats = () if gains.over else verdict_caveats(study, rows)
    return {
        "outcome": outcome,
        "reference": gains.reference,
        "established": list(established_gains(study, rows)),
        "words": [
            spaced(" ".join(row.text for row in verdicts)),
            *(spaced(sentence_text(one, study)) for one in caveats),
        ],
    }


def _multiverse(run: Run, multiverse: Multiverse) -> dict[str, Any]:
    study = run.manifest.study
    apart = honest(study, multiverse)
    return {
        "outcome": multiverse.outcome,
        "estimator": multiverse.estimator,
        "all": multiverse.tally(),
        "apart": apart.tally() if apart.combinations else None,
        "published": [
            {"gain": row.published, "source": row.source, "n_below": multiverse.n_below(row.published)}
            for row in published_gains(run.rows(CLAIMS), multiverse)
        ],
        "choices": [
            _fields(row, CHOICE_FIELDS) for row in run.rows(MULTIVERSE_CHOICES, outcome=multiverse.outcome)
        ],
    }


def json_value(value: Any) -> Any:  # noqa: ANN401 - JSON values are of any type
    """Return a value, None for a number that is not finite: JSON knows none."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def gain_report_schema() -> Mapping[str, Any]:
    """Return the JSON Schema, draft 2020-12, that ``gain_report.json`` of every run follows."""
    read: Mapping[str, Any] = json.loads((files(__package__) / SCHEMA).read_text(encoding="utf-8"))
    return read
