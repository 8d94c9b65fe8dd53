"""Which rows of the table of findings a text is made of."""

from __future__ import annotations

from collections.abc import Mapping


def keys_of_sentences(text: str, texts: Mapping[str, str]) -> list[str]:
    """Return the keys of the sentences that follow each other in a text; none where anything else is in it.

    Parameters
    ----------
    texts : sentences by key
    """
    for key, sentence in texts.items():
        if sentence and text.startswith(sentence):
            rest = text.removeprefix(sentence).lstrip()
            if not rest:
                return [key]
            if further := keys_of_sentences(rest, texts):
                return [key, *further]
    return []
