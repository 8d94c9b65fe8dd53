"""The example notebook runs as it is, without a warning, and shows what it says."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.slow
EXAMPLE = Path(__file__).parents[1] / "docs" / "example.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook with its outputs; warnings are errors in it."""
    notebook = nbformat.read(EXAMPLE, as_version=4)
    strict = nbformat.v4.new_code_cell("import warnings\n\nwarnings.simplefilter('error')", id="strict")
    notebook.cells.insert(0, strict)
    folder = str(tmp_path_factory.mktemp("notebook"))
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": folder}}).execute()
    return notebook


def shown(notebook, words):
    """Return what the one cell with these words shows, by kind."""
    (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and words in cell.source]
    (output,) = [output for output in cell.outputs if output.output_type == "execute_result"]
    return output.data


def test_it_is_stored_without_outputs():
    for cell in nbformat.read(EXAMPLE, as_version=4).cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


def test_no_cell_writes_to_standard_error(executed):
    names = [output.get("name") for cell in executed.cells for output in cell.get("outputs", [])]
    assert "stderr" not in names


def test_the_result_shows_its_verdict(executed):
    page = shown(executed, "result = harness.run")["text/html"]
    assert "Investment of ten corporations" in page
    assert "Neural network: " in page


def test_gains_errors_curves_and_coefficients_are_shown(executed):
    assert "held_out_entities" in shown(executed, "gains.pivot")["text/html"]
    assert "forward" in shown(executed, "errors.pivot")["text/html"]
    assert "p_holm" in shown(executed, "network = ")["text/html"]
    assert "Axes" in shown(executed, "result.plot_curve")["text/plain"]
    assert "level" not in shown(executed, "level.pivot")["text/html"]
    # The textbook within estimate of Grunfeld's data.
    assert "0.110" in shown(executed, "result.etable")["text/html"]


def test_a_table_of_ones_own_gives_a_gain(executed):
    assert "mean" in shown(executed, "own-run")["text/html"]
