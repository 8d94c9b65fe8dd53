"""What a section shows of a run, for tests: its blocks, and the cells of a table by the names of its rows."""

from harness.report.blocks import Appendix, Paragraph, Tabs
from harness.report.drawing.canvas import house_style
from harness.report.page import figures_in
from harness.report.table import ReportTable, cell_of


def blocks_of(section, run):
    """Return the blocks of a section, those on tabs and of the appendix among the others."""
    with house_style():
        return flat(section.blocks(run))


def flat(blocks):
    found = []
    for block in blocks:
        if isinstance(block, Tabs):
            found += flat(own for _, tab in block.tabs for own in tab)
        else:
            found += flat(block.blocks) if isinstance(block, Appendix) else [block]
    return found


def tables_in(blocks):
    return [block for block in blocks if isinstance(block, ReportTable)]


def names_of_figures(blocks):
    return [figure.name for figure in figures_in(blocks)]


def said_in(blocks):
    return [block.words for block in blocks if isinstance(block, Paragraph)]


def cells(table, group=0):
    """Return the cells of the rows of a group, by the text that heads each row."""
    rows = [[cell_of(cell) for cell in row.cells] for row in table.groups[group].rows]
    return {row[0].text: row[1:] for row in rows}


def texts(table, group=0):
    return {name: [cell.text for cell in own] for name, own in cells(table, group).items()}


def legend_of(figure):
    """Return the names in the legend of a figure."""
    return [text.get_text() for text in figure.legends[0].get_texts()]


def plotted(plot, *arguments):
    """Return the figure that a function plots in the style of the report."""
    with house_style():
        return plot(*arguments)
