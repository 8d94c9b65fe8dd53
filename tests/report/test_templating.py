"""What templates make of options and figures."""

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
