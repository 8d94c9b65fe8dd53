"""Figures: axes, ticks and layout, the SVG that is drawn, colours and fonts."""

import hashlib
import io
import itertools
import re
from collections import Counter
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import image
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.transforms import Bbox

from harness.report.blocks import ReportFigure
from harness.report.drawing import canvas
from harness.report.drawing.canvas import (
    MARK_COLOUR,
    ShortNumbers,
    drawable,
    families,
    finish,
    font_notes,
    house_style,
    mark_simulated,
    new_figure,
    panel_grid,
    printed,
)
from harness.report.drawing.layout import PAD, lay_out
from harness.report.drawing.lines import axes_over_rug
from harness.report.drawing.palette import COLOURS, DASHES, DECISION_STYLES, line_style
from harness.report.drawing.svg import UNITS, SvgRenderer, drawn
from harness.report.render.html import data_uri
from harness.tables.decision import ABOVE, BELOW, CONDITIONAL, NEGLIGIBLE, UNTESTED

TEXT = re.compile(r'<g[^>]*transform="translate\(([\d.]+) ([\d.]+)\)[^>]*>((?:<use[^>]*>)+)')
NAME = re.compile(r'id="(n\d+)" d="([^"]*)"')
USE, POINT = (
    re.compile(r'xlink:href="#(n\d+)"(?: x="([-\d.]+)")?(?: y="([-\d.]+)")?'),
    re.compile(r"[\d.]+,[\d.]+"),
)


def grids(axes):
    axes.grid(axis="both")
    axes.set_xlim(-0.3, 7.3)
    axes.set_ylim(1.0, -2e5)


def only_below(axes):
    axes.tick_params(axis="y", labelleft=False, length=0)
    axes.tick_params(axis="x", labeltop=True, top=True)


def named(axes):
    axes.set_yticks(range(3), ["one", "two", "three"])
    axes.get_yticklabels()[1].set_fontweight("bold")


def logarithms(axes):
    axes.set_ylim(0.5, 300.0)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")


def shown(fill, kind):
    """Return letters and marks of a figure with axes of a kind, with their places, and the ends of lines."""
    with house_style():
        figure = new_figure(3.0, 2.0)
        axes = figure.add_axes((0.2, 0.2, 0.7, 0.6), axes_class=kind)
        axes.set_xlabel("Index")
        fill(axes)
        svg = printed(figure).svg
    outlines = dict(NAME.findall(svg))
    letters = Counter(
        (x, y, tuple((outlines[name], along) for name, along, _ in USE.findall(uses)))
        for x, y, uses in TEXT.findall(svg)
    )
    marks = Counter((outlines[name], x, y) for name, x, y in USE.findall(svg) if y)
    ends = Counter(POINT.findall(" ".join(re.findall(r'<path[^>]*d="([^"]*)"', svg))))
    return letters, marks, ends


@pytest.mark.parametrize("fill", [grids, only_below, named, logarithms])
def test_ticks_are_those_of_matplotlib(fill):
    with house_style():
        kind = type(new_figure(3.0, 2.0).subplots())
    assert kind is not Axes
    own, other = shown(fill, kind), shown(fill, Axes)
    assert own == other
    assert sum(own[0].values()) > 3


@pytest.mark.parametrize(
    ("ticks", "shown"),
    [
        ([0.0, 0.5, 1.0], ["0", "0.5", "1.0"]),
        ([-500.0, 0.0, 500.0], ["−500", "0", "500"]),
        ([-200_000.0, 0.0, 250_000.0], ["−200k", "0", "250k"]),
        ([0.0, 500_000.0, 1_500_000.0], ["0", "500k", "1.5M"]),
        ([0.0, 4e9], ["0", "4bn"]),
        ([0.0, 2e-5], ["0", "2e−05"]),
        ([1_000_000.5, 1_000_001.0], ["1M", "1M"]),
    ],
)
def test_numbers_of_any_size(ticks, shown):
    figure = Figure()
    axes = figure.subplots()
    axes.yaxis.set_major_formatter(ShortNumbers())
    axes.set_ylim(min(ticks), max(ticks))
    axes.yaxis.set_ticks(ticks)
    assert [one.get_text() for one in axes.get_yticklabels()] == shown


def test_every_axis_with_plain_numbers_gets_short_ones_and_no_factor_beside_it():
    with house_style():
        figure = new_figure(3.0, 3.0)
        flat, solid = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2, projection="3d")
        flat.plot([0.0, 1.0], [0.0, 3e6])
        flat.set_xticks([0.0, 1.0], ["first", "last"])
        finish(ReportFigure("ticks", figure, alt="", caption=""), is_simulated=False)
        figure.draw_without_rendering()
    assert isinstance(solid.zaxis.get_major_formatter(), ShortNumbers)
    assert [one.get_text() for one in flat.get_xticklabels()] == ["first", "last"]
    assert flat.yaxis.get_offset_text().get_text() == ""
    assert "2M" in [one.get_text() for one in flat.get_yticklabels()]


LABEL = "Emissions per head\n(10⁴ t per person)"


def laid_out(fill, *, width=7.0, height=4.0):
    with house_style():
        figure = new_figure(width, height)
        fill(figure)
        renderer = SvgRenderer(*figure.bbox.size)
        lay_out(figure, renderer)
        figure.draw(renderer)
        extents = [one.get_tightbbox(renderer) for one in (*figure.axes, *figure.legends, *figure.texts)]
    return figure, extents


def panels(figure):
    grid = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
    for panel in grid:
        panel.plot([0.0, 1.0], [0.0, 1234.5], label="a line")
        panel.set_title("Panel (a)")
    grid[0].set_ylabel(LABEL)
    figure.supxlabel("Index")
    figure.supylabel("Emissions")
    figure.legend(handles=grid[0].lines, loc="outside upper left")
    mark_simulated(figure)


def rugs(figure):
    halves = figure.add_gridspec(2, 1, height_ratios=[2, 1])
    main, strip = axes_over_rug(figure, halves[0], np.array([0.1, 0.2]))
    main.plot([0.0, 1.0], [0.3, 0.5])
    main.set_ylabel(LABEL)
    strip.set_xlabel("Index")
    for panel in halves[1].subgridspec(1, 3).subplots():
        panel.plot([0.0, 1.0], [-0.123, 5e-4])
        panel.set_ylabel(LABEL)


@pytest.mark.parametrize("fill", [panels, rugs])
def test_nothing_lies_over_anything_else_or_beyond_the_edge(fill):
    figure, extents = laid_out(fill)
    for one in extents:
        assert figure.bbox.padded(0.5).containsx(one.x0)
        assert figure.bbox.padded(0.5).containsx(one.x1)
        assert figure.bbox.padded(0.5).containsy(one.y0)
        assert figure.bbox.padded(0.5).containsy(one.y1)
    for one, other in combinations(extents, 2):
        assert one.padded(-0.5).overlaps(other.padded(-0.5)) == 0


def test_panels_are_alike_and_take_what_is_free():
    figure, extents = laid_out(panels)
    sizes = np.array([axes.get_position().size for axes in figure.axes])
    assert np.ptp(sizes, axis=0) == pytest.approx([0.0, 0.0], abs=1e-5)
    gaps = [other.x0 - one.x1 for one, other in pairwise(extents[:3])]
    assert gaps == pytest.approx([2 * PAD] * 2, abs=1.0)


def test_axes_at_given_places_stay_there():
    figure, _ = laid_out(lambda figure: figure.add_axes((0.2, 0.3, 0.4, 0.5)))
    assert figure.axes[0].get_position().bounds == pytest.approx((0.2, 0.3, 0.4, 0.5))


@pytest.mark.parametrize("size", [6.0, 8.0])
def test_a_line_of_text_is_as_high_as_matplotlib_takes_it(size, monkeypatch):
    def extent():
        with house_style():
            figure = new_figure(3.0, 2.0)
            text = figure.text(0.1, 0.5, "ag\nÅ", size=size, rotation=30)
            return text.get_window_extent(SvgRenderer(*figure.bbox.size)).extents.tolist()

    own = extent()
    monkeypatch.delattr(SvgRenderer, "_get_font_height_metrics")
    assert own == extent()


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
    address = data_uri(svg)
    assert not set(address) & set('"<>#\n')
    assert unquote(address.removeprefix("data:image/svg+xml,")).replace("'", '"') == svg


BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
# Four times what is just noticed.
LEAST = 10.0


def linear(colour):
    values = np.array(to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(seen):
    ratios = TO_XYZ @ seen / TO_XYZ.sum(axis=1)
    f = np.where(ratios > 216 / 24389, np.cbrt(ratios), (24389 / 27 * ratios + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", BLINDNESS)
def test_the_first_colours_are_told_apart_by_colour_alone(kind):
    seen = [lab(np.clip(BLINDNESS[kind] @ linear(colour), 0, 1)) for colour in COLOURS]
    distances = [np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)]
    assert min(distances) > LEAST


def test_no_colour_is_lost_on_paper():
    for colour in COLOURS:
        luminance = (TO_XYZ @ linear(colour))[1]
        assert 1.05 / (luminance + 0.05) > 2.0, colour
    assert len(set(DASHES)) == len(DASHES)


def test_many_estimators_have_different_lines():
    assert len({line_style(place) for place in range(42)}) == 42


def test_a_family_without_bold_letters_is_used_without_a_word(caplog):
    """As the one that matplotlib ships is, and some that cover Chinese are."""
    path = fontManager.findfont(FontProperties(family=["DejaVu Sans Display"], weight="bold"))
    assert Path(path).name == "DejaVuSansDisplay.ttf"
    assert caplog.messages == []


def test_a_character_without_a_font_is_replaced_and_reported():
    assert families()[0] == "DejaVu Sans"
    assert drawable("Log wage (µg/m³)") == "Log wage (µg/m³)"
    (note,) = font_notes(["ordinary", "rare \U0001f9ea", "rare \U0001f9ea"])
    assert (note.code, note.where) == ("W-FONT", "rare \U0001f9ea")
    code = hashlib.sha256("\U0001f9ea".encode()).hexdigest()[:4]
    assert f"rare [{code}]" in note.message


def test_a_font_that_came_after_matplotlibs_list_is_found(monkeypatch, tmp_path):
    here = next(font for font in fontManager.ttflist if font.name == "DejaVu Sans Mono")
    new, broken = tmp_path / "new.ttf", tmp_path / "broken.ttf"
    new.write_bytes(Path(here.fname).read_bytes())
    broken.write_bytes(b"no font")
    monkeypatch.setattr(canvas, "CJK", ("DejaVu Sans Mono",))
    monkeypatch.setattr(canvas, "findSystemFonts", lambda: [str(new), str(broken)])
    gone = [
        replace(font, fname=str(tmp_path / "gone.ttf"))
        for font in fontManager.ttflist
        if font.name == here.name
    ]
    others = [font for font in fontManager.ttflist if font.name != here.name]
    monkeypatch.setattr(fontManager, "ttflist", [*others, *gone])
    families.cache_clear()
    try:
        assert families() == ("DejaVu Sans", "DejaVu Sans Mono")
    finally:
        families.cache_clear()


@pytest.mark.parametrize("has_font", [True, False])
def test_chinese_labels_differ_with_and_without_a_font(monkeypatch, has_font):
    names = ["碳排放总量 (万吨)", "碳强度 (万吨/亿元)"]
    latin = frozenset(range(0x20, 0x7F))
    covered = latin | {ord(letter) for letter in "".join(names)} if has_font else latin
    monkeypatch.setattr(canvas, "_covered", lambda: covered)
    shown = [drawable(name) for name in names]
    assert (shown == names) is has_font
    assert shown[0] != shown[1]
    assert not any("?" in label for label in shown)
    assert len(font_notes(names)) == (0 if has_font else 2)


def test_a_mark_is_filled_where_a_gain_has_an_answer_and_a_triangle_where_that_is_better_or_worse():
    decided = {ABOVE, BELOW, NEGLIGIBLE}
    pointed = {ABOVE: "^", CONDITIONAL: "^", BELOW: "v"}
    for decision, style in DECISION_STYLES.items():
        if decision != UNTESTED:
            assert (style.fill == style.colour) == (decision in decided), decision
            assert style.marker == pointed.get(decision, "o"), decision
    looks = [(style.marker, style.fill) for style in DECISION_STYLES.values()]
    assert len(set(looks)) == len(looks)
