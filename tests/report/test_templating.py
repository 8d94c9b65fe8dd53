"""What templates make of options and figures."""

import base64
import io
from dataclasses import replace

import numpy as np
from PIL import Image, ImageColor

from harness.report.blocks import ReportFigure
from harness.report.drawing import canvas
from harness.report.drawing.canvas import MARK_COLOUR, finish, house_style, new_figure, prints_of
from harness.report.drawing.embedding import COLOURS, FORMAT
from harness.report.render.html import data_uri
from harness.report.sections.record import options


def test_options_in_words():
    given = {
        "use": "rab",
        "base": {"use": "mlp", "hidden": [8, 4]},
        "draws": 40,
        "unit": "entity",
        "level": None,
    }
    assert options(given) == ("base: mlp (hidden: 8 + 4), draws: 40, unit: entity, level: null")


def test_a_large_figure_is_embedded_as_pixels_in_few_colours(monkeypatch):
    with house_style():
        figure = new_figure(3.5, 2.0)
        figure.subplots().imshow(np.random.default_rng(1).random((30, 30)))
        small = ReportFigure("small", figure, alt="", caption="")
    assert data_uri(small).startswith("data:image/svg+xml,%3Csvg ")
    monkeypatch.setattr(canvas, "MOST_SVG", 1)
    kind, encoded = data_uri(replace(small, content=figure)).split(",")
    assert kind == f"data:image/{FORMAT};base64"
    content = base64.b64decode(encoded)
    assert len(content) < len(prints_of(small).png)
    few, whole = pixels_of(content), pixels_of(prints_of(small).png)
    assert few.shape == (400, 700, 3)
    assert len(np.unique(few.reshape(-1, 3), axis=0)) <= COLOURS + len(canvas.KEPT)
    assert np.abs(few.astype(int) - whole).max() <= 12


def pixels_of(content):
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def test_the_mark_of_simulated_data_keeps_its_colour_among_few(monkeypatch):
    with house_style():
        figure = new_figure(3.5, 2.0)
        figure.subplots().imshow(np.arange(10_000.0).reshape(100, 100))
        marked = finish(ReportFigure("marked", figure, alt="", caption=""), is_simulated=True)
    monkeypatch.setattr(canvas, "MOST_SVG", 1)
    edge = pixels_of(base64.b64decode(data_uri(marked).split(",")[1]))[:, -60:]
    assert (edge == ImageColor.getrgb(MARK_COLOUR)).all(axis=2).sum() > 100
    assert tuple(edge[0, -1]) == (255, 255, 255)
