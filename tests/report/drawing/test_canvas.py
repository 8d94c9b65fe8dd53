"""The ground of figures: grids of panels, the mark of simulated data, settings left as they were."""

import io
import re
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import image
from matplotlib.transforms import Bbox

from harness.report.blocks import Prints, ReportFigure
from harness.report.drawing.canvas import MARK_COLOUR, finish, house_style, new_figure, panel_grid
from harness.report.drawing.svg import UNITS, drawn
from harness.report.render.html import data_uri


@pytest.mark.parametrize(
    ("n_panels", "shape"), [(1, (1, 1)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3)), (7, (3, 3)), (9, (3, 3))]
)
def test_a_grid_of_panels_leaves_few_places_empty(n_panels, shape):
    _, panels = panel_grid(n_panels, most_columns=3, height=1.0, head=0.0)
    assert len(panels) == n_panels
    grid = panels[0].get_subplotspec().get_gridspec()
    assert (grid.nrows, grid.ncols) == shape


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


SVG, HREF = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
NUMBER = re.compile(r"-?[\d.]+")


def drawing(plot, *, height=2.0):
    """Return what is drawn of a figure with one axes, by tags, and the axes."""
    with house_style():
        figure = new_figure(3.0, height)
        axes = figure.add_axes((0.25, 0.25, 0.5, 0.5))
        axes.set_axis_off()
        axes.set_xlim(0.0, 1.0)
        axes.set_ylim(0.0, 1.0)
        plot(axes)
        root = ElementTree.fromstring(drawn(figure))  # noqa: S314 - our own figure
    return root, axes


def all_of(root, tag):
    return list(root.iter(f"{SVG}{tag}"))


def style_of(root, one):
    (sheet,) = all_of(root, "style")
    return dict(
        part.split(":") for part in re.search(rf"\.{one.get('class')}{{(.*?)}}", sheet.text)[1].split(";")
    )


def points(path):
    return np.array(NUMBER.findall(path.get("d")), dtype=float).reshape(-1, 2)


def on_paper(axes, x, y):
    """Return where a point of the axes is, in points from the upper left."""
    across, up = axes.transData.transform((x, y))
    return pytest.approx((across, axes.figure.bbox.height - up), abs=0.006)


def test_a_line_goes_through_its_points_and_is_cut_at_the_axes():
    root, axes = drawing(lambda axes: axes.plot([0.0, 0.5, 1.0], [0.0, 2.0, np.nan], "--", color="#0072b2"))
    line = all_of(root, "path")[-1]
    assert points(line)[0] == on_paper(axes, 0.0, 0.0)
    style = style_of(root, line)
    assert (style["fill"], style["stroke"]) == ("none", "#0072b2")
    assert "stroke-dasharray" in style
    (clip,) = all_of(root, "clipPath")
    assert line.get("clip-path") == f"url(#{clip.get('id')})"
    size = [float(clip[0].get(name)) for name in ("x", "y", "width", "height")]
    assert size == pytest.approx([54.0, 36.0, 108.0, 72.0])


def test_a_marker_is_drawn_once_and_used_at_every_point():
    root, axes = drawing(lambda axes: axes.plot([0.2, 0.4, 0.6], [0.5, np.nan, 0.7], "o", color="black"))
    uses = all_of(root, "use")
    assert [(float(one.get("x")), float(one.get("y"))) for one in uses] == [
        on_paper(axes, 0.2, 0.5),
        on_paper(axes, 0.6, 0.7),
    ]
    assert len({one.get(HREF) for one in uses}) == 1


def test_letters_are_outlines_defined_once_and_stand_at_their_size():
    root, _axes = drawing(lambda axes: axes.text(0.5, 0.5, "abba", rotation=90, color="#333333"))
    uses = all_of(root, "use")
    assert [one.get(HREF) for one in uses] == [uses[place].get(HREF) for place in (0, 1, 1, 0)]
    places = [float(one.get("x")) for one in uses]
    assert places == sorted(places)
    (text,) = [one for one in all_of(root, "g") if one.get("transform")]
    assert f"rotate(-90)scale({8.0 / UNITS:g}" in text.get("transform")
    assert style_of(root, text)["fill"] == "#333333"
    defined = {f"#{one.get('id')}": one for one in all_of(root, "path")}
    assert all(points(defined[one.get(HREF)]).max() < UNITS for one in uses)


def test_a_shade_keeps_its_opacity_and_a_hatch_its_ground():
    def plot(axes):
        axes.fill([0.1, 0.9, 0.9], [0.1, 0.1, 0.9], color="#d55e00", alpha=0.25, linewidth=0)
        axes.axvspan(0.6, 1.0, facecolor="#f4f4f4", edgecolor="#c4c4c4", hatch="////", linewidth=0)

    root, _ = drawing(plot)
    shade, hatched = all_of(root, "path")[-2:]
    assert style_of(root, shade) == {"fill": "#d55e00", "opacity": "0.25"}
    (pattern,) = all_of(root, "pattern")
    assert style_of(root, hatched)["fill"] == f"url(#{pattern.get('id')})"
    assert pattern[0].get("fill") == "#f4f4f4"
    assert pattern[1].get("stroke") == "#c4c4c4"


def test_pixels_lie_where_they_belong_the_first_row_on_top():
    root, _axes = drawing(
        lambda axes: axes.imshow(np.eye(2), extent=(0.0, 1.0, 0.0, 1.0), aspect="auto", cmap="gray")
    )
    (picture,) = all_of(root, "image")
    x, y, width, height = (float(picture.get(name)) for name in ("x", "y", "width", "height"))
    assert Bbox.from_bounds(x, y, width, height).extents == pytest.approx([54.0, 36.0, 162.0, 108.0], abs=1.0)


def test_an_address_carries_the_drawing_on_one_line():
    with house_style():
        figure = new_figure(3.0, 2.0)
        figure.subplots().set_title("50 % & “more” #1")
        svg = drawn(figure)
    address = data_uri(ReportFigure("x", Prints(svg, is_narrow=True), alt="", caption=""))
    assert not set(address) & set('"<>#\n')
    assert unquote(address.removeprefix("data:image/svg+xml,")).replace("'", '"') == svg
