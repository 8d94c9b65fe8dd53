from __future__ import annotations

import subprocess
import sys

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
