"""SVG drawings as an address within a page carries them."""

import base64
import re
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np

from harness.report.drawing.canvas import house_style, new_figure, svg_bytes
from harness.report.drawing.vectors import svg_text

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def drawing():
    with house_style():
        figure = new_figure(3.5, 2.0)
        axes = figure.subplots()
        axes.plot(np.linspace(0.0, 1.0, 20), np.sin(np.linspace(0.0, 6.0, 20)), "--", label="50 % & “more”")
        axes.legend()
        return svg_bytes(figure)


def elements(svg):
    return [one for one in ElementTree.fromstring(svg).iter() if "metadata" not in one.tag]  # noqa: S314 - of our own


def test_every_element_and_number_is_carried_and_less_than_in_base_64():
    svg = drawing()
    text = svg_text(svg)
    assert not set(text) & set('"<>#\n')
    assert len(text) < 0.85 * len(base64.b64encode(svg))
    carried = elements(unquote(text))
    described = ("RDF", "Work", "type", "format", "creator", "Agent", "title")
    whole = [one for one in elements(svg) if one.tag.rpartition("}")[2] not in described]
    assert [one.tag for one in carried] == [one.tag for one in whole]
    assert len(carried) > 50
    for one, other in zip(carried, whole, strict=True):
        assert one.attrib.keys() == other.attrib.keys()
        for name, value in other.attrib.items():
            if name == "d":
                assert NUMBER.findall(one.attrib[name]) == NUMBER.findall(value)
                assert re.findall("[A-Za-z]", one.attrib[name]) == re.findall("[A-Za-z]", value)
            else:
                assert one.attrib[name].split() == value.split()
