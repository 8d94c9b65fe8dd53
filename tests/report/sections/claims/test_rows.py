"""Published numbers in words."""

import dataclasses

import pytest

from harness.findings.run import read_run
from harness.report.sections.claims.published import published_text
from harness.tables.claims import CLAIMS


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


@pytest.mark.parametrize(
    ("quantity", "published", "digits", "text"),
    [
        ("mse", 0.001, 4, "0.0010"),
        ("level", 920.0, -1, "920"),
        ("gain", 0.6558, 4, "65.58%"),
        ("direction", 1.0, None, "100%"),
        ("median", 2.294, None, "2.294"),
    ],
)
def test_a_published_number_keeps_its_digits(run, quantity, published, digits, text):
    row = dataclasses.replace(run.rows(CLAIMS)[0], quantity=quantity, published=published, digits=digits)
    assert published_text(row) == text
