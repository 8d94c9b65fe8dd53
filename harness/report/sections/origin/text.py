"""What is left of the gains for entities never seen, in sentences composed from the decomposition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.sections.origin.rows import NEVER_SEEN, GainLeft
from harness.report.text.plain_text import joined
from harness.tables.gain import PartRow


def never_seen(study: StudyRecord, found: Sequence[GainLeft]) -> Iterator[str]:
    """Yield for which estimators anything is left for entities never seen; nothing where none is tested."""
    rows = [row for left in found if (row := left.part(NEVER_SEEN)) is not None]
    if not rows:
        return
    above = [row for row in rows if row.conf_low > 0]
    below = [row for row in rows if row.conf_high < 0]
    if above:
        yield gettext("For entities never seen the interval lies above zero for {labels}.").format(
            labels=_labels(study, above)
        )
    else:
        yield gettext("For entities never seen no estimator has an interval above zero.")
    if below:
        yield gettext("It lies below zero for {labels}.").format(labels=_labels(study, below))


def _labels(study: StudyRecord, rows: Sequence[PartRow]) -> str:
    return joined([study.estimator_label(row.estimator) for row in rows])
