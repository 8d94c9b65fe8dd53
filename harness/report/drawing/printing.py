"""Figures printed by workers, beside the making of those that follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from matplotlib.figure import Figure

from harness.errors import HarnessError
from harness.report.drawing.canvas import Prints, RenderedFigure, printed
from harness.running.executor import iter_results
from harness.running.workers import Workers


@dataclass(frozen=True)
class Unprinted:
    """Why a figure could not be printed.

    Attributes
    ----------
    has_tried : whether that is what drawing it raised; otherwise no worker could take it on
    """

    reason: str
    has_tried: bool


@dataclass(frozen=True, eq=False)
class PrintTask:
    """The printing of one figure, laid out and written where the task runs."""

    label: str
    figure: Figure

    def run(self) -> Prints | Unprinted:
        """Return the files of the figure."""
        try:
            return printed(self.figure)
        except HarnessError:
            raise
        except Exception as error:  # noqa: BLE001 - the figure of a plugin may raise anything
            return Unprinted(f"{type(error).__name__}: {error}", has_tried=True)

    def failed(self, reason: str) -> Unprinted:
        """Return what stands for the files where no worker could do it."""
        return Unprinted(reason, has_tried=False)


def print_figures(figures: Iterable[RenderedFigure], *, workers: Workers) -> dict[str, str]:
    """Print figures as they are made, and return why those are missing that could not be, by their names.

    What no worker could take on, such as an artist of a class that workers do not have, is printed here.

    Parameters
    ----------
    figures : each is asked for when a worker is free
    """
    given: list[tuple[RenderedFigure, PrintTask]] = []

    def tasks() -> Iterator[PrintTask]:
        for figure in figures:
            if isinstance(figure.content, Figure):
                given.append((figure, PrintTask(figure.name, figure.content)))
                yield given[-1][1]

    missing: dict[str, str] = {}
    for done in iter_results(tasks(), workers=workers):
        figure, task = given[done.position]
        result = done.result
        if isinstance(result, Unprinted) and not result.has_tried:
            result = task.run()
        if isinstance(result, Unprinted):
            missing[figure.name] = result.reason
        else:
            figure.content = result
    return missing
