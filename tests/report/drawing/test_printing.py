"""Figures printed by workers: the bytes of this process, and a reason for the one that fails."""

from concurrent.futures import Future
from contextlib import contextmanager

import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from harness.report.blocks import ReportFigure
from harness.report.drawing.canvas import Prints, finish, house_style, new_figure, print_figures, prints_of
from harness.running.workers import LocalWorkers, Pool, ThisProcess
from worker_tasks import Spilling


def figure_of(name, *, solid=False, line=Line2D):
    with house_style():
        figure = new_figure(3.5, 2.0)
        axes = figure.add_subplot(projection="3d") if solid else figure.subplots()
        axes.plot([0.0, 1.0, 2.0], [0.0, 3e5, 1e5], *([[1.0, 2.0, 0.0]] if solid else []), label="emissions")
        axes.set_xlabel("index")
        axes.legend()
        if not solid:
            axes.add_line(line([0.0, 1.0], [0.0, 1.0]))
        return finish(ReportFigure(name, figure, alt="", caption=""), is_simulated=True)


def figures():
    return [figure_of("flat"), figure_of("solid", solid=True), figure_of("spilled", line=Spilling)]


class Refusing:
    """Workers that die of whatever they are given."""

    @contextmanager
    def pool(self):
        yield Pool(self, 2, (EOFError,))

    def submit(self, call, argument):
        lost = Future()
        lost.set_exception(EOFError())
        return lost


@pytest.mark.parametrize(
    "workers", [ThisProcess(), LocalWorkers(2), Refusing()], ids=["here", "workers", "dying workers"]
)
def test_bytes_do_not_depend_on_where_a_figure_is_printed_and_one_that_fails_takes_no_other_with_it(workers):
    made, again = figures(), figures()
    assert print_figures(made, workers=workers) == {"spilled": "RuntimeError: out of ink"}
    for one, other in zip(made[:2], again[:2], strict=True):
        assert isinstance(one.content, Prints)
        assert isinstance(other.content, Figure)
        assert prints_of(one) == prints_of(other)
