from __future__ import annotations

import subprocess
import sys

from harness.installed import installed
from harness.registry.catalog import build_choice
from harness_neural.mlp import Mlp
from harness_neural.som_ann import SomAnn

LISTING = """
import sys
import harness_neural
names = [estimator.name for estimator in harness_neural.harness_estimators()]
heavy = {"torch", "minisom", "sklearn", "scipy", "pandas"} & set(sys.modules)
raise SystemExit(f"{names} {sorted(heavy)}")
"""


def test_listing_the_plugin_imports_no_heavy_library() -> None:
    done = subprocess.run([sys.executable, "-c", LISTING], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "['mlp', 'som_ann'] []"


def test_estimators_are_built_from_options_by_name() -> None:
    catalogs = installed().catalogs
    assert build_choice(catalogs, "estimator", "mlp", {"hidden": 4, "activation": "relu"}) == Mlp(
        hidden=4, activation="relu"
    )
    assert build_choice(catalogs, "estimator", "som_ann", {"hidden": "auto", "clusters": 6}) == SomAnn(
        clusters=6
    )
