"""Numbers with units."""

import pytest

from harness.text.numbers import in_unit


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("years", "3 years"),
        ("10⁴ t per 10⁸ yuan", "3 × 10⁴ t per 10⁸ yuan"),
        ("per cent", "3 per cent"),
        ("", "3"),
    ],
)
def test_a_unit_stands_behind_its_number_and_a_power_of_ten_is_a_factor(unit, text):
    assert in_unit("3", unit) == text
