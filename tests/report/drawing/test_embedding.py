"""SVG drawings as an address within a page carries them."""

import base64
import re
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest

from harness.report.drawing.canvas import house_style, new_figure, printed
from harness.report.drawing.embedding import svg_text

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def drawing():
    with house_style():
        figure = new_figure(3.5, 2.0)
        axes = figure.subplots()
        axes.plot(np.linspace(0.0, 1.0, 20), np.sin(np.linspace(0.0, 6.0, 20)), "--", label="50 % & “more”")
        axes.legend()
        return printed(figure).svg


HREF = "{http://www.w3.org/1999/xlink}href"
DRAWN = {"path", "use", "image", "rect"}
RULE = re.compile(r"\.(\w+)\{(.*?)\}")


def shapes(svg):
    """Return what is drawn: tag, commands, numbers of its place and path, styles of it and its groups."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - of our own
    named = {one.get("id"): one for one in root.iter() if one.get("id")}
    rules = dict(RULE.findall("".join(one.text or "" for one in root.iter() if one.tag.endswith("}style"))))

    def styled(one):
        style = one.get("style") or rules.get(one.get("class"), "")
        return sorted(
            re.sub(r"url\(.*?\)", "url", part.replace(" ", "")) for part in style.split(";") if part
        )

    def clip(one):
        return "clip-path" in one.attrib

    def drawn(one, around, styles, clipped):
        tag = one.tag.rpartition("}")[2]
        if tag in {"metadata", "defs"}:
            return
        moved = one.get("transform", "")
        if tag == "use" and (at := re.fullmatch(r"translate\((\S+) (\S+)\)", moved)):
            moved, own = "", [float(at[1]), float(at[2])]
        else:
            own = [float(one.get(name, 0.0)) for name in ("x", "y")]
        around, styles = around + moved, [*styles, *styled(one)]
        clipped = clipped or clip(one)
        if tag in DRAWN:
            source = named[(one.get(HREF) or one.get("href"))[1:]] if tag == "use" else one
            path = source.get("d", "")
            numbers = [*own, *map(float, NUMBER.findall(path)), *map(float, NUMBER.findall(around))]
            letters = re.findall("[A-Za-z]", path) + re.findall("[a-z]+", around)
            yield tag, letters, sorted({*styles, *styled(source)}), clipped, numbers
        for child in one:
            yield from drawn(child, around, styles, clipped)

    return list(drawn(root, "", [], False))


def test_all_that_is_drawn_is_carried_and_in_fewer_bytes():
    svg = drawing()
    text = svg_text(svg)
    assert not set(text) & set('"<>#\n')
    assert len(text) < 0.6 * len(base64.b64encode(svg))
    carried, whole = shapes(unquote(text)), shapes(svg)
    assert len(carried) == len(whole) > 40
    for one, other in zip(carried, whole, strict=True):
        assert one[:4] == other[:4]
        assert one[4] == pytest.approx(other[4], abs=0.0051)


def test_the_same_drawing_is_the_same_text():
    assert svg_text(drawing()) == svg_text(drawing())
