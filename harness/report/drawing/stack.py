"""A figure of panels side by side once more, one beneath the other, for narrow screens."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec, SubplotSpec

from harness.text.plain_text import axis_lines

# Characters of a line of labels beneath and at the left; inches between panels, for titles and numbers.
WIDTH, SIDE, GAP = 40, 24, 0.55
# How much taller one row of panels is than another that is of its kind.
TALLER = 1.2
# Inches of a line of a legend.
LINE = 0.17


def stack_panels(figure: Figure, *, width: float) -> bool:
    """Put the panels of a figure that is laid out one beneath the other; return whether it is another now.

    One of a single column stays as it is, and so does one with axes that are on no grid, or that stand side
    by side within a panel, as a scale of colours does. The order is that of reading, or by columns where
    rows of panels are of several kinds. Names of rows, labels and numbers that panels share stand next to
    each.

    Parameters
    ----------
    width : inches
    """
    for axes in figure.axes:
        if not (axes.axison or axes.has_data()):
            axes.remove()
    panels = _panels(figure)
    n_columns = len({cell.colspan.start for cell in panels})
    has_others = sum(map(len, panels.values())) < len(figure.axes) or any(map(_has_columns, panels.items()))
    if n_columns < 2 or has_others:
        return False
    tall = {cell: _height(figure, group) + GAP for cell, group in panels.items()}
    order = list(panels)
    if max(tall.values()) > TALLER * min(tall.values()):
        order.sort(key=lambda cell: cell.colspan.start)
    n_rows = len({cell.rowspan.start for cell in order})
    n_entries = sum(len(legend.get_texts()) for legend in figure.legends)
    head = max(figure.get_figheight() - n_rows * max(tall.values()), 0.3) + LINE * n_entries
    heights = [tall[cell] for cell in order]
    _label_each(figure, panels)
    figure.set_size_inches(width, head + sum(heights))
    grid = GridSpec(len(order), 1, figure, height_ratios=heights)
    for row, cell in enumerate(order):
        _move(panels[cell], cell, grid[row])
    _narrow_texts(figure)
    return True


def _panels(figure: Figure) -> dict[SubplotSpec, list[Axes]]:
    """Return the axes on the outermost grid by their cell of it."""
    panels: dict[SubplotSpec, list[Axes]] = {}
    for axes in figure.axes:
        if spec := axes.get_subplotspec():
            panels.setdefault(spec.get_topmost_subplotspec(), []).append(axes)
    return panels


def _has_columns(panel: tuple[SubplotSpec, list[Axes]]) -> bool:
    """Return whether axes stand side by side on a grid within a panel."""
    cell, group = panel
    specs = [spec for axes in group if (spec := axes.get_subplotspec()) and spec != cell]
    return any(spec.get_gridspec().ncols > 1 for spec in specs)


def _height(figure: Figure, group: list[Axes]) -> float:
    """Return the inches from the lowest to the highest edge of axes."""
    edges = [edge for axes in group for edge in axes.get_position().intervaly]
    return float(max(edges) - min(edges)) * figure.get_figheight()


def _move(group: list[Axes], cell: SubplotSpec, to: SubplotSpec) -> None:
    """Move the axes of a panel, which may share it by a grid of their group."""
    for axes in group:
        spec = axes.get_subplotspec()
        if spec is None or spec == cell:
            axes.set_subplotspec(to)
            axes.tick_params(labelleft=True, labelbottom=True)
        else:
            inner = spec.get_gridspec()
            parts = to.subgridspec(inner.nrows, inner.ncols, height_ratios=inner.get_height_ratios())
            axes.set_subplotspec(parts[spec.num1])


def _label_each(figure: Figure, panels: dict[SubplotSpec, list[Axes]]) -> None:
    """Give panels without labels those of the first of their row and of the last of their column.

    A label of all panels at the left becomes that of each.
    """
    y_label = axis_lines(" ".join(figure.get_supylabel().split()), SIDE, lines=3)
    for cell, group in panels.items():
        group[0].set_ylabel(group[0].get_ylabel() or y_label)
        for other, (first, *_) in panels.items():
            if other.rowspan == cell.rowspan and not group[0].get_ylabel():
                group[0].set_ylabel(first.get_ylabel())
            if other.colspan == cell.colspan and not group[-1].get_xlabel():
                group[-1].set_xlabel(panels[other][-1].get_xlabel())


def _narrow_texts(figure: Figure) -> None:
    """Break the label of all panels into lines of a column, and put the entries of legends one a line."""
    for text in list(figure.texts):
        if text.get_text() == figure.get_supylabel():
            text.remove()
        elif not text.get_rotation() % 180.0:
            text.set_text(axis_lines(" ".join(text.get_text().split()), WIDTH, lines=3))
    for legend in list(figure.legends):
        handles, labels = legend.legend_handles, [text.get_text() for text in legend.get_texts()]
        legend.remove()
        figure.legend(handles=handles, labels=labels, loc="outside upper left", ncols=1)
