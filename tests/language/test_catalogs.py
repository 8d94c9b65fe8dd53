"""Every message of the harness and its plugins is in every catalog, with the places it has in English."""

import json
import pickle
import subprocess
import sys

import pytest

from harness.language import (
    ENGLISH,
    Message,
    gettext,
    in_series,
    languages,
    messages_in,
    ngettext,
    spoken,
    translated,
)
from language_messages import PACKAGES, catalog_of, messages, places

LANGUAGES = [language for language in languages() if language != ENGLISH]
EACH = pytest.mark.parametrize("package", PACKAGES)
IN = pytest.mark.parametrize("language", LANGUAGES)
UPDATE = "python tests/language_messages.py"


@IN
@EACH
def test_every_message_is_translated(package, language):
    catalog = catalog_of(package, language)
    found = messages(package)
    lacking = [one for context, one in found if not translations(catalog.get(one, context))]
    assert not lacking, f"{UPDATE} {language}, then translate"
    own = {(message.context, message.id[0] if message.pluralizable else message.id) for message in catalog}
    assert not own - {*found, (None, "")}, f"no longer said: {UPDATE} {language}"


def translations(message):
    """Return the forms of a translation; none where one is empty."""
    if message is None:
        return ()
    forms = (message.string,) if isinstance(message.string, str) else tuple(message.string)
    return forms if all(forms) else ()


@IN
@EACH
def test_no_translation_is_unsure_or_has_other_places(package, language):
    for message in catalog_of(package, language):
        if message.id:
            assert not message.fuzzy, message.id
            one = message.id[0] if message.pluralizable else message.id
            for form in translations(message):
                assert places(form) == places(one), one
                if "%(" in one:
                    assert form % dict.fromkeys(places(one), "") is not None, one
                elif "{" in one:
                    assert form.format_map(dict.fromkeys(places(one), 1)) is not None, one


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


def test_a_composed_text_is_made_again_with_all_that_was_filled_in(folder):
    text = str(Message("the {colour} cow has {n} calves", colour="violet", n=3))
    assert text == "the violet cow has 3 calves"
    with spoken("zh", [folder]):
        assert translated(text) == "3 只小牛属于紫罗兰色牛"
        assert translated(in_series(["a purple cow", "", text])) == "紫牛；3 只小牛属于紫罗兰色牛"
        assert translated("the violet cow has 4 calves") == "the violet cow has 4 calves"
    assert translated(text) == text


def test_another_process_knows_a_composed_text_from_its_pickle_or_from_what_was_kept(folder):
    inner = Message("the {colour} cow has {n} calves", colour="violet", n=5)
    whole = Message("{where}: {what}", where="here", what=inner)
    kept = {**messages_in([{"cells": [str(whole), "unknown"]}])}
    assert list(kept) == ["here: the violet cow has 5 calves", "the violet cow has 5 calves"]
    code = (
        "import json, pickle, sys; from pathlib import Path\n"
        "from harness.language import remember, spoken, translated\n"
        "remember(json.loads(sys.argv[1])); pickle.loads(bytes.fromhex(sys.argv[2]))\n"
        f"with spoken('zh', [Path({str(folder)!r})]): print(ascii(translated(sys.argv[3])))"
    )
    for told, pickled in ((kept, None), ({}, [inner, whole])):
        words = [sys.executable, "-c", code, json.dumps(told), pickle.dumps(pickled).hex(), whole]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == ascii("here：5 只小牛属于紫罗兰色牛")


def test_a_language_is_one_file():
    assert languages() == ("en", "zh")
