"""Coefficient tables are complete, and notes and tables of fits can be shown."""

from __future__ import annotations

import re

import numpy as np

from harness.arrays import Floats
from harness.conformance.case import Case
from harness.conformance.check import Rules, Violation
from harness.conformance.estimators.capabilities import ABLE, not_declared
from harness.estimators.coefficients import CoefficientTable
from harness.estimators.protocol import HasCoefficients, HasDetails, HasNotes
from harness.tables.preparation import Note

RULES = Rules(needs=ABLE)

ROUNDING = 1e-8
"""Largest asymmetry, or negative eigenvalue, of a covariance as a share of its largest number."""


@RULES.add()
def coefficients(case: Case) -> str:
    """Check that the coefficient table is complete, its covariance symmetric and not negative.

    Look at terms, estimates, covariance, limits and p-values.
    """
    if not isinstance(case.fit, HasCoefficients):
        raise not_declared(HasCoefficients)
    table = case.fit.coefficients()
    _check_terms(table)
    _check_covariance(table.covariance)
    _check_inference(table)
    if not table.correction.kind:
        raise Violation("the covariance has no name: `correction.kind` is empty")
    return f"{len(table.terms)} terms, covariance {table.correction.kind}"


def _check_terms(table: CoefficientTable) -> None:
    n_coef = len(table.terms)
    if n_coef == 0 or len(set(table.terms)) < n_coef:
        raise Violation(f"terms are missing or repeated: {', '.join(table.terms) or 'none'}")
    shapes = table.estimate.shape, table.covariance.shape
    if shapes != ((n_coef,), (n_coef, n_coef)):
        raise Violation(f"{n_coef} terms, but estimates and covariance of shapes {shapes[0]} and {shapes[1]}")
    if not np.isfinite(table.estimate).all():
        raise Violation("an estimate is not finite")


def _check_covariance(covariance: Floats) -> None:
    if not np.isfinite(covariance).all():
        raise Violation("the covariance is not finite")
    most = ROUNDING * float(np.abs(covariance).max())
    if np.abs(covariance - covariance.T).max() > most:
        raise Violation("the covariance is not symmetric")
    if np.linalg.eigvalsh(covariance).min() < -most:
        raise Violation("the covariance has a negative eigenvalue")


def _check_inference(table: CoefficientTable) -> None:
    n_coef, limits, p_values = len(table.terms), table.conf_int(0.95), table.p_value
    if limits.shape != (n_coef, 2) or (limits[:, 0] > limits[:, 1]).any():
        raise Violation("confidence limits are not a lower and an upper one for each term")
    if p_values.shape != (n_coef,) or not ((p_values >= 0.0) & (p_values <= 1.0)).all():
        raise Violation("p-values are not numbers between 0 and 1, one for each term")


@RULES.add()
def notes(case: Case) -> str:
    """Check that notes have a code such as W-ABSORBED and a sentence.

    Read the notes of the ordinary fit, and of one whose last control does not vary.
    """
    last = case.panel.columns[-1]
    notes = []
    for fit in (case.fit, case.fitted(case.panel.with_column(last, 1.0))):
        if not isinstance(fit, HasNotes):
            raise not_declared(HasNotes)
        notes += list(fit.notes)
    for note in notes:
        if not isinstance(note, Note):
            raise Violation(f"a note is a {type(note).__name__}, not a harness.plugin.Note")
        if re.fullmatch(r"W-[A-Z0-9-]+", note.code) is None or not note.message:
            raise Violation(f"this note has no code such as W-ABSORBED, or no words: {note}")
    return ", ".join(sorted({note.code for note in notes})) or "none on an ordinary panel"


@RULES.add()
def details(case: Case) -> str:
    """Check that tables of a fit have names that can be file names, and columns of one length.

    Read the tables of the ordinary fit.
    """
    if not isinstance(case.fit, HasDetails):
        raise not_declared(HasDetails)
    tables = case.fit.details()
    for name, columns in tables.items():
        if re.fullmatch(r"[a-z0-9_]{1,64}", name) is None:
            raise Violation(f"the table {name!r} has a name that is not made of a-z, 0-9 and _")
        lengths = {column: len(values) for column, values in columns.items()}
        if len(set(lengths.values())) != 1:
            raise Violation(f"the table {name!r} has columns of different lengths, or none: {lengths}")
        if taken := {"outcome", "estimator"} & set(columns):
            raise Violation(f"the table {name!r} has a column that the harness adds: {', '.join(taken)}")
    return ", ".join(sorted(tables))
