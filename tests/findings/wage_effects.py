"""What tests of the rules change in the run of wages, and how they look at its findings."""

import json

import numpy as np
import pandas as pd

from harness.findings.finding import caveats_of
from harness.findings.rules import effect
from harness.record.manifest import PrimaryRecord
from harness.tables.csv_table import as_declared
from harness.tables.curves import TRUTH
from harness.tables.effects import EFFECTS
from harness.tables.findings import FINDINGS
from harness.text.render import findings_table, with_text
from harness.text.screen import first_screen
from report.fake_run import with_study, with_table

NB = "\u00a0"


EFFECT = {
    "outcome": "lwage",
    "exposure": "exper",
    "method": "first_differences",
    "form": "line",
    "learner": "boosting",
    "scenario": "effect",
    "estimate": 0.2,
    "conf_low": 0.1,
    "conf_high": 0.3,
    "band": "pointwise",
    "p_value": 0.001,
    "n_entities": 545,
    "df": 544.0,
    "residual_share": 0.4,
    "assumption": "Changes are as good as random.",
    "at": np.nan,
    "p_methods": 0.4,
    "status": "ok",
    "reason": "",
}


SLOPE = EFFECT | {"estimate": -0.2, "conf_low": -0.3, "conf_high": -0.1, "robustness_value": 0.07}


CRE = {"method": "correlated_random_effects"}


def told(find):
    """Return what finds, its findings put into words."""
    return lambda run, outcome: [with_text(row, run.manifest.study) for row in find(run, outcome)]


def against(row):
    """Return the codes of what stands against a finding."""
    return {code for code, _ in caveats_of(row)}


def debiased(run, *rows):
    """Return the findings on debiased effects of rows that differ in some cells."""
    table = as_declared(EFFECTS, [pd.DataFrame([EFFECT | change for change in rows])])
    return list(told(effect.debiased_findings)(with_table(run, "effects", lambda _: table), "lwage"))


def with_effects(run, *rows):
    """Return a run with debiased effects, the first of which the study declares."""
    primary = PrimaryRecord("effect", "first_differences", "line", "boosting", is_declared=True)
    table = as_declared(EFFECTS, [pd.DataFrame([SLOPE | row for row in rows])])
    return with_table(with_study(run, primary=primary), "effects", lambda _: table)


def with_mean_slopes(run, truth, **slopes):
    """Return a run whose net effect curves have mean slopes, and a true slope where it is a number."""
    row = {"outcome": "lwage", "scenario": "curve", "kind": "average_effect", "at": np.nan, "status": "ok"}
    band = {"band": "pointwise", "supported": True, "level": 0.95}
    own = [row | band | {"estimator": name, "estimate": slope} for name, slope in slopes.items()]
    curved = with_table(run, "curves", lambda table: pd.concat([table, pd.DataFrame(own)]))
    place = row | {"scenario": "effect", "truth": truth}
    kinds = [
        {"kind": "weighted_slope", "group": "first_differences"},
        {"kind": "average_effect", "truth": 9.0},
    ]
    rows = [place | kind for kind in kinds] if np.isfinite(truth) else []
    return with_table(curved, "truth", lambda _: as_declared(TRUTH, [pd.DataFrame(rows)] if rows else []))


def with_curve_slopes(run, *slopes):
    """Return a run in which the curves of three estimators have these mean slopes, 0.1 either way."""
    row = {"outcome": "lwage", "scenario": "curve", "kind": "average_effect", "at": np.nan, "status": "ok"}
    own = [
        row
        | {"band": "pointwise", "supported": True, "level": 0.95, "estimator": name, "estimate": slope}
        | {"conf_low": slope - 0.1, "conf_high": slope + 0.1}
        for name, slope in zip(("ols", "fe", "rab"), slopes, strict=True)
    ]
    return with_table(run, "curves", lambda table: pd.concat([table, pd.DataFrame(own)]))


def screen_of(run):
    """Return the first screen of a run with one outcome, and what its parts hold, by outcome."""
    shown = first_screen(with_table(run, FINDINGS.name, lambda _: findings_table(run)))
    return shown, {one.outcome: one for one in shown.outcomes}


def part(run, name):
    """Return the rows of one part of the screen."""
    return getattr(screen_of(run)[1]["lwage"], name)


def codes(found):
    return [one.code for one in found]


def params(row):
    return json.loads(row.params)


def params_of(row):
    """Return the parameters of what stands against a finding, by code."""
    return dict(caveats_of(row))
