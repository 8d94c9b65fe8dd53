"""A small suite: panels that rise and fall, and one too small for a protocol, with cheap estimators."""

from __future__ import annotations

from dataclasses import replace

from ruamel.yaml import YAML

from harness.installed import installed
from harness.running.options import RunOptions
from harness.suite.run import run_suite
from harness.suite.spec import load_suite, with_estimators

CURVED = {
    "spec_version": 1,
    "study": "curved",
    "data": {"simulate": {"use": "inverted_u", "n_entities": 12, "n_periods": 6}},
    "roles": {
        "entity": "city",
        "time": "year",
        "outcomes": ["outcome"],
        "exposure": "exposure",
        "moderators": ["moderator"],
    },
    "estimators": ["pooled_ols"],
    "scenarios": ["curve"],
    "claims": [{"outcome": "outcome", "quantity": "gain", "estimator": "pooled_ols", "value": 0.5}],
}
SHORT = CURVED | {
    "study": "short",
    "data": {"simulate": {"use": "inverted_u", "n_entities": 12, "n_periods": 2}},
}
SUITE = {
    "suite_version": 1,
    "suite": "small",
    "edition": "7",
    "title": "Curves & <b>lines</b>",
    "seed": 3,
    "draws": 200,
    "estimators": [
        {"id": "ols", "use": "pooled_ols", "label": "Pooled <OLS>"},
        {"id": "two_way", "use": "fixed_effects", "effects": ["entity", "time"]},
        "entity_mean",
        "splines",
    ],
    "protocols": [{"use": "held_out_entities", "folds": 2}, "forward"],
    "pooled": "ols",
    "two_way": "two_way",
    "simple": ["ols", "two_way", "entity_mean"],
    "curvature": "splines",
    "studies": [{"spec": "curved.yaml", "panels": 7}, {"spec": "short.yaml"}],
}


def write_specs(place):
    """Write the two specs of the suite into a folder."""
    for spec in (CURVED, SHORT):
        with (place / f"{spec['study']}.yaml").open("w") as stream:
            YAML().dump(spec, stream)


def run_suite_file(file, out, *, said=None, only=(), more=(), on_progress=None, **options):
    """Run a suite without a bar, with further estimators, and return its folder."""
    loaded = load_suite(file)
    return run_suite(
        replace(loaded, suite=with_estimators(loaded.suite, more)),
        RunOptions(spec=file, out=out, **options),
        installed(),
        only=only,
        on_progress=on_progress,
        on_said=(said if said is not None else []).append,
    )
