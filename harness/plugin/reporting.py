"""What sections of plugins are made of: the run as it is read, numbers and texts as a reader wants them."""

from harness.language import gettext, marked, ngettext, pgettext, reworded
from harness.record.manifest import Manifest
from harness.record.study import EstimatorRecord, ProtocolRecord, StudyRecord
from harness.report.model.bands import Banded, BandedRow, banded_from
from harness.report.model.featured import featured
from harness.report.model.gains import GainCell, Gains
from harness.report.model.run import Run
from harness.report.sections.section import (
    PackagedSection,
    ReportFile,
    Section,
    SectionContent,
    WritesFiles,
)
from harness.report.text.footnotes import Footnotes
from harness.report.text.numbers import (
    MISSING,
    EstimateText,
    count,
    estimate,
    fixed,
    interval,
    p_text,
    percent,
    plain,
    significant,
)
from harness.report.text.plain_text import file_slug, joined, latex, printable, shortened
from harness.tables.conditional import THRESHOLDS, ThresholdRow
from harness.tables.effects import EFFECT_TESTS, EffectTestRow
from harness.tables.gain import GainStatus
from harness.tables.table import ResultRow, TypedTable, typed

__all__ = [
    "EFFECT_TESTS",
    "MISSING",
    "THRESHOLDS",
    "Banded",
    "BandedRow",
    "EffectTestRow",
    "EstimateText",
    "EstimatorRecord",
    "Footnotes",
    "GainCell",
    "GainStatus",
    "Gains",
    "Manifest",
    "PackagedSection",
    "ProtocolRecord",
    "ReportFile",
    "ResultRow",
    "Run",
    "Section",
    "SectionContent",
    "StudyRecord",
    "ThresholdRow",
    "TypedTable",
    "WritesFiles",
    "banded_from",
    "count",
    "estimate",
    "featured",
    "file_slug",
    "fixed",
    "gettext",
    "interval",
    "joined",
    "latex",
    "marked",
    "ngettext",
    "p_text",
    "percent",
    "pgettext",
    "plain",
    "printable",
    "reworded",
    "shortened",
    "significant",
    "typed",
]
