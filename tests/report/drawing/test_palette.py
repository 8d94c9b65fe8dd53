"""Colours of series differ for the three kinds of colour blindness too, and stand out from paper.

Simulated by the matrices of full severity of Machado, Oliveira and Fernandes (2009), in linear RGB; distances
are those of CIE 1976 in L*a*b*, where 2.3 is just noticed (Mahy et al. 1994).
"""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from harness.report.drawing.palette import COLOURS, DASHES, line_style

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
def test_any_two_series_are_told_apart_by_colour_or_by_dashes(kind):
    seen = {colour: lab(np.clip(BLINDNESS[kind] @ linear(colour), 0, 1)) for colour in COLOURS}
    styles = [line_style(place) for place in range(len(COLOURS))]
    for one, other in itertools.combinations(styles, 2):
        distance = np.linalg.norm(seen[one.colour] - seen[other.colour])
        assert distance > LEAST or one.dash != other.dash, (one, other, distance)


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
