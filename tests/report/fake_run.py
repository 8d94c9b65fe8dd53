"""A run folder with plausible numbers, five estimators x four protocols, a refusal and hostile names."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.evaluation.protocol import AsPublished, Forward, HeldOutEntities, InSample
from harness.findings.run import Run
from harness.findings.table import findings_table
from harness.language import Message
from harness.record.manifest import FORMAT, Manifest
from harness.running.folder import RunFolder
from harness.tables.findings import FINDINGS
from harness.tables.gain import MULTIVERSE
from harness.tables.registry import TABLES
from report import fake_comparison, fake_details, fake_effects
from report.fake_effects import REASON

PROTOCOLS = (AsPublished(), InSample(), HeldOutEntities(), Forward())
ESTIMATORS = {
    "ols": ("pooled_ols", "Pooled OLS"),
    "fe": ("fixed_effects", "Fixed effects"),
    "ann": ("som_ann", "SOM + ANN"),
    "rab": ("rab", "RAB"),
    "boosting": ("boosting", "Boosting"),
}
OPTIONS = {"fe": {"effects": ["entity", "time"]}}
REFUSED = ("fe", "held_out_entities")

GAINS = {
    "fe": {"as_published": 0.421, "in_sample": 0.478, "held_out_entities": np.nan, "forward": 0.395},
    "ann": {"as_published": 0.312, "in_sample": 0.447, "held_out_entities": -0.143, "forward": 0.021},
    "rab": {"as_published": 0.297, "in_sample": 0.402, "held_out_entities": -0.032, "forward": 0.034},
    "boosting": {"as_published": 0.268, "in_sample": 0.389, "held_out_entities": -1.62, "forward": -0.054},
}
P_VALUES = {"p_value": 0.01, "p_splits": 0.004, "p_holm": 0.03, "p_best": 0.012}
UNSURE = ("boosting", "as_published")
"""A gain whose interval lies above zero, but which is not told from none once comparisons are allowed for."""

HALF_WIDTH = {"as_published": 0.04, "in_sample": 0.02, "held_out_entities": 0.06, "forward": 0.05}
REFERENCE_MSE = {"as_published": 0.2312, "in_sample": 0.2297, "held_out_entities": 0.2341, "forward": 0.2518}
SHARES = {"train": 0.96, "test": 1.0, "all": 0.97}

HOSTILE = {
    "title": "<img src=x onerror=alert(1)> & {{7*7}}",
    "outcome": '"><svg onload=alert(2)>',
    "exposure": "{{7*7}} javascript:alert(3)",
    "label": "<script>alert(4)</script>",
    "unit": "$x$ % _{a}^b",
    "source": "\x1b]0;owned\x07\x1b[31mred\u202edesrever",
    "reason": r"\input{/etc/passwd} <b onclick=alert(5)>",
    "warning": "javascript:alert(6) ${7*7} {% raw %}",
}

CHINESE = {
    "outcome": "碳排放",
    "outcome_label": "碳排放总量",
    "unit": "万吨",
    "exposure": "数字经济",
    "entity": "城市",
}


def manifest(
    *,
    outcomes: dict[str, tuple[str, str]],
    exposure: tuple[str, str, str] = ("exper", "Experience", "years"),
    title: str = "Experience and log wages",
    quick: bool = True,
) -> dict[str, Any]:
    """Return a manifest; outcomes map a name to its label and unit."""
    variables = {name: {"label": label, "unit": unit} for name, (label, unit) in outcomes.items()}
    name, label, unit = exposure
    return {
        "manifest_version": FORMAT,
        "study": {
            "id": "wage_panel",
            "title": title,
            "description": "545 men observed for eight years.",
            "seed": 20251,
            "quick": quick,
            "entity": "nr",
            "time": "year",
            "outcomes": list(outcomes),
            "exposure": name,
            "moderators": ["educ"],
            "controls": ["union", "married"],
            "variables": {
                **variables,
                name: {"label": label, "unit": unit},
                "educ": {"label": "Schooling", "unit": "years"},
                "nr": {"label": "man"},
            },
            "estimators": [
                {
                    "id": one,
                    "use": use,
                    "label": text,
                    "options": OPTIONS.get(one, {"hidden": "auto", "draws": 100}),
                }
                for one, (use, text) in ESTIMATORS.items()
            ],
            "reference": "ols",
            "further_references": [],
            "protocols": [
                {
                    "id": one.name,
                    "use": one.name,
                    "title": one.title,
                    "how": one.how,
                    "leaks": [asdict(leak) for leak in one.leaks],
                }
                for one in PROTOCOLS
            ],
            "level": 0.95,
            "draws": 2000,
            "formats": ["html"],
            "featured": [],
            "left_open": [
                {
                    "sources": ["Figure 4"],
                    "question": "What a resample draws.",
                    "taken": "single rows; whole men beside it",
                }
            ],
        },
        "data": {
            "origin": "dataset wage_panel",
            "title": "Wages of young men",
            "source": "Vella and Verbeek (1998)",
            "sha256": "0f" * 32,
            "simulated": False,
            "n_obs": 4360,
            "n_entities": 545,
            "n_periods": 8,
            "balanced": True,
            "first_period": 1980,
            "last_period": 1987,
        },
        "multiverse": {"references": [], "universes": []},
        "spec": {"path": "specs/wage_panel.yaml", "sha256": "a1" * 32, "overrides": []},
        "scenario_tables": [],
        "files": {},
        "versions": {"python": "3.11.2", "panel-harness": "0.1.0", "numpy": "2.4.6"},
        "command": "harness run specs/wage_panel.yaml --quick",
        "started": "2026-11-24T12:00:00+00:00",
        "seconds": 83.4,
        "cells": [
            {
                "cell": f"{name} · fe · held_out_entities",
                "status": "refused",
                "reason": REASON,
                "seconds": 0.1,
            }
            for name in outcomes
        ],
    }


def _accuracy(outcome: str) -> list[dict[str, Any]]:
    rows = []
    for estimator in ESTIMATORS:
        for protocol in PROTOCOLS:
            for sample, share in SHARES.items():
                place = {
                    "outcome": outcome,
                    "estimator": estimator,
                    "protocol": protocol.name,
                    "sample": sample,
                }
                if (estimator, protocol.name) == REFUSED:
                    rows.append(place | {"status": "refused", "reason": REASON})
                    continue
                gain = GAINS.get(estimator, {}).get(protocol.name, 0.0)
                mse = share * REFERENCE_MSE[protocol.name] * (1.0 - gain)
                numbers = {"mse": mse, "rmse": np.sqrt(mse), "nmse": mse / 0.2835, "r2": 1 - mse / 0.2835}
                rows.append(
                    place | numbers | {"n_obs": 1308, "n_entities": 545, "status": "ok", "reason": ""}
                )
    return rows


def _gains(outcome: str) -> list[dict[str, Any]]:
    rows = []
    for estimator, own in GAINS.items():
        for protocol, gain in own.items():
            place = {"outcome": outcome, "estimator": estimator, "reference": "ols", "protocol": protocol}
            if (estimator, protocol) == REFUSED:
                rows.append(place | {"sample": "test", "status": "refused", "reason": REASON})
                continue
            half = HALF_WIDTH[protocol]
            reference = REFERENCE_MSE[protocol]
            numbers = {"gain": gain, "conf_low": gain - half, "conf_high": gain + half, **P_VALUES}
            numbers |= {"p_holm": 0.081} if (estimator, protocol) == UNSURE else {}
            errors = {"mse": reference * (1 - gain), "mse_reference": reference, "n_entities": 545}
            rows.append(place | {"sample": "test"} | numbers | errors | {"status": "ok", "reason": ""})
    return rows


def _coefficients(outcome: str, terms: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = []
    both = Message("{before} and {last}", before="entity", last="time")
    for estimator, keys in (("ols", "entity"), ("fe", both)):
        covariance = Message("clustered by {by}{named}{change}", by=keys, named="", change="")
        for place, term in enumerate(terms):
            estimate, error = 0.110124 / (place + 1), 0.011857 / (place + 1)
            rows.append(
                {
                    "outcome": outcome,
                    "estimator": estimator,
                    "term": term,
                    "estimate": estimate,
                    "std_error": error,
                    "statistic": estimate / error,
                    "p_value": 0.0,
                    "conf_low": estimate - 1.96 * error,
                    "conf_high": estimate + 1.96 * error,
                    "covariance": covariance,
                    "df_resid": 544.0,
                    "n_obs": 4360,
                    "n_clusters": 545,
                    "factor": 1.00368,
                    "status": "ok",
                    "reason": "",
                }
            )
    return rows


def _scenarios(study: dict[str, Any], drawn: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    """Return the tables of all scenarios, of all outcomes one beneath the other."""
    variables = [study["exposure"], *study["moderators"], *study["controls"]]
    parts: dict[str, list[pd.DataFrame]] = {}
    for outcome in study["outcomes"]:
        tables = {
            "curves": fake_effects.curves(outcome, drawn, ESTIMATORS),
            "turning_points": fake_effects.turning_points(outcome, drawn),
            **fake_effects.groups(outcome, drawn),
            **fake_effects.surfaces(outcome, drawn, study["moderators"]),
            **fake_details.networks(outcome, ("ann", "rab"), variables),
            "claims": fake_details.claims(outcome),
            "decomposition": fake_comparison.decomposition(outcome, GAINS),
            "multiverse": fake_comparison.multiverse(outcome, GAINS),
            **fake_comparison.diagnostics(outcome),
        }
        for name, frame in tables.items():
            parts.setdefault(name, []).append(frame)
    support = {"at": fake_effects.AT, "n_obs": 100, "n_entities": 50, "supported": fake_effects.SUPPORTED}
    return {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()} | {
        "support": pd.DataFrame(support).assign(scenario="curve")
    }


def _with_choices(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return tables | {"multiverse_choices": fake_comparison.choices(tables["multiverse"])}


def read_manifest(content: dict[str, Any]) -> Manifest:
    """Return the manifest that holds these values."""
    return Manifest.from_json(json.dumps(content))


def write_fake_run(
    path: Path,
    content: dict[str, Any],
    *,
    drawn: tuple[str, ...] = tuple(ESTIMATORS),
    warnings: tuple[tuple[str, str, str], ...] = (),
) -> RunFolder:
    """Write the run that a manifest describes.

    Parameters
    ----------
    drawn : estimators that have curves
    warnings : code, where and message of each
    """
    study = content["study"]
    outcomes = study["outcomes"]
    terms = (study["exposure"], "educ", "union", "const")
    rng = np.random.default_rng(7)
    tables = {
        "accuracy": pd.DataFrame([row for one in outcomes for row in _accuracy(one)]),
        "gain": pd.DataFrame([row for one in outcomes for row in _gains(one)]),
        "coefficients": pd.DataFrame([row for one in outcomes for row in _coefficients(one, terms)]),
        **_with_choices(_scenarios(study, drawn)),
        "rug": pd.DataFrame(
            {
                "scenario": "curve",
                "exposure": np.quantile(np.clip(rng.gamma(6, 1.1, 4000), 0.0, 18.0), np.linspace(0, 1, 500)),
            }
        ),
        "summary": pd.DataFrame(
            [
                {
                    "variable": name,
                    "role": role,
                    "n": 4360,
                    "mean": 1.649,
                    "sd": 0.533,
                    "min": -3.579,
                    "max": 4.052,
                    "sd_within": 0.362,
                    "sd_between": 0.391,
                }
                for name, role in [(one, "outcome") for one in outcomes]
                + [(study["exposure"], "exposure"), ("educ", "moderator"), ("union", "control")]
            ]
        ),
        "preparation": pd.DataFrame(
            [
                {
                    "step": "square",
                    "into": study["exposure"],
                    "inputs": "age, schooling",
                    "detail": "the square of a column",
                }
            ]
        ),
        "warnings": pd.DataFrame(list(warnings), columns=["code", "where", "message"]),
    }
    folder = RunFolder.create(path)
    for name, frame in tables.items():
        is_open = name not in TABLES or name == MULTIVERSE.name
        columns = list(frame.columns if is_open else TABLES[name].columns)
        folder.write_table(name, frame.reindex(columns=columns))
    whole = read_manifest(content)
    folder.write_table(FINDINGS.name, findings_table(Run(whole, folder)))
    folder.write_manifest(whole)
    return folder


def wage_run(path: Path) -> RunFolder:
    """Write a run of one outcome as a newcomer would meet it."""
    content = manifest(outcomes={"lwage": ("Log wage", "log dollars an hour")})
    notes = (
        ("W-METHOD", "lwage · rab", "this method is a reconstruction"),
        ("W-ABSORBED", "lwage · fe · educ", "educ is constant within every entity and was dropped"),
        ("W-UNSEEN", "lwage · fe · forward", "12 of 872 test rows have a period that was not trained on"),
    )
    return write_fake_run(path, content, warnings=notes)


def chinese_run(path: Path, *, language: str = "en") -> RunFolder:
    """Write a run of two outcomes with Chinese names and four curves."""
    content = manifest(
        outcomes={
            CHINESE["outcome"]: (CHINESE["outcome_label"], CHINESE["unit"]),
            "intensity": ("碳强度", "万吨/亿元"),
        },
        exposure=(CHINESE["exposure"], "数字经济指数", ""),
        title="数字经济与城市碳排放",
        quick=False,
    )
    content["data"]["simulated"] = True
    content["study"]["language"] = language
    return write_fake_run(path, content, drawn=("ols", "fe", "ann", "rab"))


def hostile_run(path: Path) -> RunFolder:
    """Write a run in which every text that a user or a plugin can set is hostile."""
    content = manifest(
        outcomes={HOSTILE["outcome"]: (HOSTILE["label"], HOSTILE["unit"])},
        exposure=(HOSTILE["exposure"], HOSTILE["exposure"], HOSTILE["unit"]),
        title=HOSTILE["title"],
    )
    content["data"]["source"] = HOSTILE["source"]
    content["cells"][0]["reason"] = HOSTILE["reason"]
    content["study"]["estimators"][2]["label"] = HOSTILE["label"]
    content["study"]["estimators"][3]["options"] = {"base": HOSTILE["warning"]}
    content["study"]["protocols"][0]["title"] = HOSTILE["title"]
    content["command"] = HOSTILE["warning"]
    return write_fake_run(
        path,
        content,
        drawn=("ols", "ann"),
        warnings=((HOSTILE["label"], HOSTILE["warning"], HOSTILE["reason"]),),
    )
