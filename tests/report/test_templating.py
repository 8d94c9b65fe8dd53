"""What templates make of options and figures."""

from harness.record.study import options_in_words


def test_options_in_words():
    given = {
        "use": "rab",
        "base": {"use": "mlp", "hidden": [8, 4]},
        "draws": 40,
        "unit": "entity",
        "level": None,
    }
    assert options_in_words(given) == ("base: mlp (hidden: 8 + 4), draws: 40, unit: entity, level: null")
