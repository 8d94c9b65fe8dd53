"""The ground of figures: grids of panels, the mark of simulated data, settings left as they were."""

import io
import subprocess
import sys

import pytest
from matplotlib import image

from harness.report.blocks import ReportFigure
from harness.report.drawing.canvas import finish, grid_shape, house_style, new_figure, prints_of


@pytest.mark.parametrize(
    ("n_panels", "shape"), [(1, (1, 1)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3)), (7, (3, 3)), (9, (3, 3))]
)
def test_a_grid_of_panels_leaves_few_places_empty(n_panels, shape):
    assert grid_shape(n_panels, most_columns=3) == shape


@pytest.mark.parametrize("simulated", [True, False])
def test_simulated_data_say_so_in_the_figure(simulated):
    with house_style():
        figure = new_figure(3.5, 2.0)
        figure.subplots().plot([0.0, 1.0], [0.0, 1.0])
        drawing = finish(ReportFigure("x", figure, alt="", caption=""), is_simulated=simulated)
    assert [text.get_text() for text in figure.texts] == (["SIMULATED DATA"] if simulated else [])
    right = image.imread(io.BytesIO(prints_of(drawing).png))[:, -30:, :3]
    reddish = right[..., 0] - right[..., 2] > 0.3
    assert bool(reddish.any()) is simulated


def test_no_window_library_is_loaded():
    code = "import sys, harness.report.write; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
