"""Every message of the harness and its plugins is in every catalog, with the places it has in English."""

from __future__ import annotations

import pytest

from harness.language import ENGLISH, languages
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
