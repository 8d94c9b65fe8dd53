"""What claims and identities name must be part of the study; checked on the text's values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.data.name import fold_name, near_columns
from harness.spec.document import Document
from harness.spec.mistake import Loc, Mistake


@dataclass(frozen=True)
class Names:
    """What a claim can name, as far as the text can be read.

    Attributes
    ----------
    estimators, protocols : ids
    reference : of the evaluation; empty where there is none
    outcomes, held : outcomes; moderators and controls
    moderators : among those held
    """

    estimators: Collection[str]
    protocols: Collection[str]
    reference: str
    outcomes: Collection[str]
    moderators: Collection[str]
    held: Collection[str]

    @classmethod
    def of(cls, document: Document, *, estimators: Collection[str], protocols: Collection[str]) -> Names:
        """Return the names of a document whose ids are known."""
        roles, evaluation = (_mapping(document.data.get(key)) for key in ("roles", "evaluation"))
        outcomes, moderators, controls = (
            _texts(roles.get(key)) for key in ("outcomes", "moderators", "controls")
        )
        reference = evaluation.get("reference")
        return cls(
            estimators=estimators,
            protocols=protocols,
            reference=reference if isinstance(reference, str) else "",
            outcomes=outcomes,
            moderators=moderators,
            held=(*moderators, *controls),
        )


def check_claims(document: Document, names: Names) -> Iterator[Mistake]:
    """Yield unknown names, gains of the reference, and identities that tie no curves."""
    for at, claim in enumerate(_mappings(document.data.get("claims"))):
        yield from _unknown_names(document, claim, names, loc=("claims", at))
        if claim.get("quantity") == "gain" and claim.get("estimator") == names.reference != "":
            yield Mistake(
                document.find(("claims", at, "estimator")),
                f"'{names.reference}' is the reference that gains are over, so it has no gain",
                ", ".join(estimator for estimator in names.estimators if estimator != names.reference),
                "name another estimator, or change evaluation.reference",
            )
    for at, identity in enumerate(_mappings(document.data.get("identities"))):
        yield from _untied(document, identity, names, loc=("identities", at))
    yield from _unknown_counterparts(document, names)


def _unknown_counterparts(document: Document, names: Names) -> Iterator[Mistake]:
    """Yield counterparts, or what they stand beside, that the study does not have."""
    beside = _mapping(document.data.get("counterparts"))
    for kind, known in (("estimators", names.estimators), ("protocols", names.protocols)):
        for published, name in _mapping(beside.get(kind)).items():
            loc = ("counterparts", kind, published)
            for candidate in dict.fromkeys((published, name)):
                if isinstance(candidate, str) and known and candidate not in known:
                    hint = (
                        near_columns(candidate, known) or f"name one of the study's {kind}, or add this one"
                    )
                    what = f"no {kind.removesuffix('s')} is called '{candidate}'"
                    yield Mistake(document.find(loc), what, ", ".join(known), hint)


def _unknown_names(
    document: Document, claim: Mapping[str, Any], names: Names, *, loc: Loc
) -> Iterator[Mistake]:
    for key, known in (
        ("outcome", names.outcomes),
        ("estimator", names.estimators),
        ("protocol", names.protocols),
        ("moderator", names.moderators),
    ):
        name = claim.get(key)
        if isinstance(name, str) and known and fold_name(name) not in known:
            hint = near_columns(name, known) or f"name one of the study's {key}s, or add this one to them"
            yield Mistake(document.find((*loc, key)), f"no {key} is called '{name}'", ", ".join(known), hint)


def _untied(document: Document, identity: Mapping[str, Any], names: Names, *, loc: Loc) -> Iterator[Mistake]:
    """Yield why an identity says nothing about curves: they share a slope only if all else in it is held."""
    product, factors = identity.get("product"), _texts(identity.get("of"))
    if not isinstance(product, str) or not factors or not names.outcomes:
        return
    if fold_name(product) not in names.outcomes:
        what = f"no outcome is called '{product}'"
        hint = near_columns(product, names.outcomes) or "name one of the study's outcomes"
        yield Mistake(document.find((*loc, "product")), what, ", ".join(names.outcomes), hint)
    outcomes = [name for name in factors if name in names.outcomes]
    if len(outcomes) != 1 or outcomes == [fold_name(product)]:
        what = f"{len(outcomes)} factors are outcomes: {', '.join(outcomes) or 'none'}"
        expected = "one factor that is another outcome, the others moderators or controls"
        yield Mistake(document.find((*loc, "of")), what, expected, "write the product with one other outcome")
    for at, name in enumerate(factors):
        if name not in names.outcomes and name not in names.held:
            what = f"'{name}' is not held fixed: it is no moderator and no control"
            hint = near_columns(name, names.held) or "make it a control, or remove the identity"
            yield Mistake(document.find((*loc, "of", at)), what, ", ".join(names.held), hint)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    """Return the entries of a list, those that are no mappings as empty ones."""
    return [_mapping(entry) for entry in value] if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    """Return the column names in a list, folded; others are left out."""
    return (
        tuple(fold_name(name) for name in value if isinstance(name, str)) if isinstance(value, list) else ()
    )
