"""All that is verified about a run folder, one check after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.audit import tables
from harness.audit.integrity import file_problems, manifest_problems, signed_by, spec_problems
from harness.errors import ArtifactError, Problem
from harness.registry.catalog import Catalogs
from harness.running.files import GAIN_REPORT, SIGNATURE
from harness.running.folder import RunFolder

# Name among the statistics of fits of the distance between two computations of their coefficients.
DISAGREEMENT = "solver_disagreement"

# Code of the note that a fit gives where that distance is more than rounding.
DISAGREEMENT_CODE = "W-DISAGREE"


@dataclass(frozen=True)
class AuditCheck:
    """One check.

    Attributes
    ----------
    what : was checked, as a sentence that holds where there are no problems
    problems : that were found
    """

    what: str
    problems: tuple[Problem, ...]


def verify(
    folder: RunFolder, *, catalogs: Catalogs, messages: Sequence[Path] = (), signer: Path | None = None
) -> Iterator[AuditCheck]:
    """Yield the checks of a finished run; tables are recomputed only from files that hold.

    What holds was written by one run and belongs together. Whether that run was given honest data, and
    whether estimators did what they say, no folder can tell.

    Parameters
    ----------
    catalogs : what a spec can choose by name, by kind
    messages : folders of the plugins' catalogs, for a run whose report is in another language
    signer : public key by which the manifest has to be signed
    """
    later = "; a later run or report was cut off and left it as it was" if folder.is_cut_off() else ""
    own = _check(f"the manifest is the one that the run wrote{later}", lambda: manifest_problems(folder))
    yield own
    if own.problems:
        return
    if signer is not None or (folder.path / SIGNATURE).exists():
        yield _signature(folder, signer)
    try:
        manifest = folder.manifest()
    except ArtifactError as error:
        yield AuditCheck("the manifest says what the run holds", error.problems)
        return
    whole = f"{len(manifest.files)} files are there as written, and no other that a report reads"
    for what, find in (
        (whole, lambda: file_problems(folder, manifest)),
        ("the spec is the one that was run", lambda: spec_problems(folder, manifest)),
        ("the tables have their columns", lambda: tables.shape_problems(folder)),
    ):
        check = _check(what, find)
        yield check
        if check.problems:
            return
    yield _check(
        "errors, gains, intervals, p-values, decomposition and multiverse follow from the predictions",
        lambda: tables.prediction_problems(folder, manifest),
    )
    yield _check(
        "claims, expected numbers and the ladder of methods follow from the tables",
        lambda: tables.spec_table_problems(folder, manifest, catalogs),
    )
    yield _check("findings follow from the tables", lambda: tables.finding_problems(folder, manifest))
    if GAIN_REPORT in manifest.files:
        follows = f"{GAIN_REPORT} follows from the tables"
        yield _check(follows, lambda: tables.gain_report_problems(folder, messages))
    else:
        yield AuditCheck("the run has no report yet; harness report RUN writes it", ())
    yield from agreement(folder)


def _signature(folder: RunFolder, signer: Path | None) -> AuditCheck:
    """Check whose signature the manifest has; without the signer's key, only that it is one."""
    whose = "a key" if signer is None else str(signer)
    try:
        found = signed_by(folder, signer)
    except ArtifactError as error:
        return AuditCheck(f"the manifest is signed by {whose}", error.problems)
    known = "" if signer is not None else ", which --signer would compare with one that you know"
    return AuditCheck(f"the manifest is signed by {whose}: {found}{known}", ())


def agreement(folder: RunFolder) -> Iterator[AuditCheck]:
    """Yield how far two computations of the same fits are from each other, where fits tell of it."""
    statistics = folder.read_table("details/statistics")
    if "statistic" not in statistics:
        return
    told = statistics.loc[statistics["statistic"] == DISAGREEMENT, "value"].astype(float)
    warnings = folder.read_table("warnings")
    warned = warnings[warnings["code"] == DISAGREEMENT_CODE]
    if len(told):
        yield AuditCheck(
            f"two computations of the coefficients of {len(told)} fits agree, to {told.max():.1g} at most",
            tuple(Problem(str(row.where), str(row.message)) for row in warned.itertuples()),
        )


def _check(what: str, find: Callable[[], Iterable[Problem]]) -> AuditCheck:
    """Make one check; a file that cannot be read is a problem that it found."""
    try:
        return AuditCheck(what, tuple(find()))
    except ArtifactError as error:
        return AuditCheck(what, error.problems)
    except OSError as error:
        where, reason = str(error.filename or ""), error.strerror or str(error)
        problem = Problem(where, f"cannot be read: {reason}", hint="take a whole copy of the folder")
        return AuditCheck(what, (problem,))
