"""The standardised accuracy-gain report: every cell's errors, gain, interval and protocol, as plain JSON values."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from harness.report.results import standing_of
from harness.report.rows import AccuracyRow, GainRow
from harness.report.run import Run, RunReader, read_run

VERSION = 1
"""Of the format; ``gain_report.schema.json`` beside this file defines it."""


def gain_report(folder: RunReader) -> dict[str, Any]:
    """Return the content of gain_report.json for the run in a folder."""
    return report_of(read_run(folder))


def report_of(run: Run) -> dict[str, Any]:
    """Return the accuracy-gain report of a run; missing numbers are None."""
    manifest = run.manifest
    study = manifest.study
    gains = {_key(row): row for row in run.gains}
    return {
        "gain_report_version": VERSION,
        "study": {
            **{
                name: getattr(study, name)
                for name in ("id", "title", "seed", "quick", "exposure", "reference")
            },
            **{name: getattr(study, name) for name in ("entity", "time", "level", "draws")},
            "outcomes": [
                {"name": name, "label": study.label(name), "unit": study.unit(name)}
                for name in study.outcomes
            ],
        },
        "data": dataclasses.asdict(manifest.data),
        "spec": dataclasses.asdict(manifest.spec),
        "versions": dict(manifest.versions),
        "estimators": [dataclasses.asdict(one) for one in study.estimators],
        "protocols": [
            {
                **{"id": one.id, "title": one.title, "how": one.how},
                "leaks": [dataclasses.asdict(leak) for leak in one.leaks],
                "keeps_test_rows_apart": one.keeps_test_rows_apart,
            }
            for one in study.protocols
        ],
        "cells": [_cell(row, gains.get(_key(row))) for row in run.accuracy],
    }


def _key(row: AccuracyRow | GainRow) -> tuple[str, str, str, str]:
    return row.outcome, row.estimator, row.protocol, row.sample


def _cell(row: AccuracyRow, gain: GainRow | None) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in ("outcome", "estimator", "protocol", "sample")},
        **{name: getattr(row, name) for name in ("status", "reason", "n_obs", "n_entities")},
        **{name: _number(getattr(row, name)) for name in ("mse", "rmse", "nmse", "r2")},
        "gain": None if gain is None else _gain(gain),
    }


def _gain(row: GainRow) -> Mapping[str, Any]:
    standing = standing_of(row.conf_low, row.conf_high).value if math.isfinite(row.gain) else None
    return {
        "reference": row.reference,
        **{
            name: _number(getattr(row, name))
            for name in ("conf_low", "conf_high", "p_value", "mse_reference")
        },
        "estimate": _number(row.gain),
        **{"status": row.status, "reason": row.reason, "n_entities": row.n_entities, "standing": standing},
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
