"""The ground of figures: grids of panels, the mark of simulated data, settings left as they were."""

import io
import subprocess
import sys

import pytest
from matplotlib import image

from harness.report.blocks import ReportFigure
from harness.report.drawing.canvas import MARK_COLOUR, finish, grid_shape, house_style, new_figure


@pytest.mark.parametrize(
    ("n_panels", "shape"), [(1, (1, 1)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3)), (7, (3, 3)), (9, (3, 3))]
)
def test_a_grid_of_panels_leaves_few_places_empty(n_panels, shape):
    assert grid_shape(n_panels, most_columns=3) == shape


@pytest.mark.parametrize("simulated", [True, False])
def test_simulated_data_say_so_in_the_figure(simulated):
    figure, prints = finished(is_simulated=simulated, pictures=("png",))
    assert [text.get_text() for text in figure.texts] == (["SIMULATED DATA"] if simulated else [])
    assert (MARK_COLOUR in prints.svg) is simulated
    pixels = image.imread(io.BytesIO(prints.pictures["png"]))
    assert pixels.shape == (400, 700, 4)
    right = pixels[:, -30:, :3]
    reddish = right[..., 0] - right[..., 2] > 0.3
    assert bool(reddish.any()) is simulated


def finished(*, is_simulated=False, pictures=()):
    with house_style():
        figure = new_figure(3.5, 2.0)
        figure.subplots().plot([0.0, 1.0], [0.0, 1.0])
        whole = ReportFigure("x", figure, alt="", caption="")
        return figure, finish(whole, is_simulated=is_simulated, pictures=pictures).prints


def test_the_same_figure_is_the_same_files_and_only_those_that_are_requested():
    (_, one), (_, other) = (finished(pictures=("png", "pdf")) for _ in range(2))
    assert one == other
    assert one.pictures["pdf"].startswith(b"%PDF")
    assert finished()[1].pictures == {}


def test_no_window_library_is_loaded():
    code = "import sys, harness.report.write; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
