"""Catalogs are looked up in the language in use, which is that of one thread and ends with its block."""

from __future__ import annotations

import threading

import pytest

from harness.language import gettext, in_language, languages, ngettext, reworded, spoken

CATALOG = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "a purple cow"
msgstr "紫牛"

msgid "{n} purple cow"
msgid_plural "{n} purple cows"
msgstr[0] "{n} 头紫牛"

msgid "the {colour} cow has {n} calves"
msgstr "{n} 只小牛属于{colour}牛"

msgid "the calf of {cow}{age}{weight}"
msgstr "{cow}的小牛{age}{weight}"

msgid " below {years} years"
msgstr "不满 {years} 岁"

msgid "violet"
msgstr "紫罗兰色"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "zh.po").write_text(CATALOG, encoding="utf-8")
    return tmp_path


def test_texts_are_english_before_and_after(folder):
    assert gettext("a purple cow") == "a purple cow"
    with spoken("zh", [folder]):
        assert gettext("a purple cow") == "紫牛"
        assert ngettext("{n} purple cow", "{n} purple cows", 2).format(n=2) == "2 头紫牛"
        with spoken("en"):
            assert gettext("a purple cow") == "a purple cow"
        assert gettext("a purple cow") == "紫牛"
    assert gettext("a purple cow") == "a purple cow"


def test_the_language_ends_with_an_error(folder):
    with pytest.raises(ValueError, match="stop"), spoken("zh", [folder]):
        raise ValueError("stop")
    assert gettext("a purple cow") == "a purple cow"


def test_a_composed_text_is_found_by_its_shape_and_its_parts_are_too(folder):
    with spoken("zh", [folder]):
        assert reworded("the violet cow has 3 calves") == "3 只小牛属于紫罗兰色牛"
        assert reworded("the violet cow has 3 calves; a purple cow") == "3 只小牛属于紫罗兰色牛；紫牛"
        assert reworded("the violet cow has 3 and 4.5 calves") == "3和4.5 只小牛属于紫罗兰色牛"
        assert reworded("nothing known of it") == "nothing known of it"
    assert reworded("the violet cow has 3 calves") == "the violet cow has 3 calves"


def test_a_place_of_a_message_does_not_swallow_the_next_clause(folder):
    with spoken("zh", [folder]):
        assert reworded("the violet cow has 3 calves; a purple cow") == "3 只小牛属于紫罗兰色牛；紫牛"
        fall = "co2 falls by 36% between 0 and 0.88, while co2_pc rises by 17% between 0 and 0.83"
        assert reworded(fall) == "co2在 0 与 0.88 之间下降 36%，而co2_pc在 0 与 0.83 之间上升 17%"


def test_places_side_by_side_are_parted_at_a_blank_or_a_comma(folder):
    with spoken("zh", [folder]):
        assert reworded("the calf of violet below 2 years") == "紫罗兰色的小牛不满 2 岁"
        assert reworded("the calf of violet") == "紫罗兰色的小牛"
        assert reworded("the calf of violet and violet") == "紫罗兰色和紫罗兰色的小牛"
        assert reworded("the calf of violet, 80 kg") == "紫罗兰色的小牛, 80 kg"


def test_values_are_made_in_the_language_in_which_they_were_asked_for(folder):
    with spoken("zh", [folder]):
        values = in_language(gettext("a purple cow") for _ in range(2))
    found = []
    other = threading.Thread(target=lambda: found.extend([gettext("a purple cow"), *values]))
    other.start()
    other.join()
    assert found == ["a purple cow", "紫牛", "紫牛"]


def test_a_language_is_one_file():
    assert languages() == ("en", "zh")
