"""A small suite: panels that rise and fall, and one too small for a protocol, with cheap estimators."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ruamel.yaml import YAML

from harness.installed import installed
from harness.running.options import RunOptions
from harness.suite.run import run_suite
from harness.suite.spec import load_suite, with_estimators

STUDIES = Path(__file__).with_name("studies")
CURVED = YAML(typ="safe").load(STUDIES / "curved_study.yaml")
SHORT = CURVED | {
    "study": "short",
    "data": {"simulate": {"use": "inverted_u", "n_entities": 12, "n_periods": 2}},
}
SUITE = YAML(typ="safe").load(STUDIES / "small_suite.yaml")


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
        on_message=(said if said is not None else []).append,
    )
