"""What the documents on predictions and differences state, recomputed."""

from __future__ import annotations

import doctest
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"


def test_the_examples_of_the_prediction_contract_run():
    result = doctest.testfile(str(DOCS / "prediction.md"), module_relative=False)
    assert result.attempted > 8
    assert result.failed == 0
