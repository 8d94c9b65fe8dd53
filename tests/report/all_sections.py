"""The sections of this environment, those of plugins among them, in their order."""

from harness.installed import installed
from harness.report.sections.section import SECTION

SECTIONS = tuple(sorted(installed().of(SECTION).values(), key=lambda section: section.place))
