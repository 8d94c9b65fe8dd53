"""What is asked of sections of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from harness.conformance.law import Law
from harness.conformance.members.case import MemberCase, require_words
from harness.conformance.verdict import Broken


class WholeSection(Law[MemberCase]):
    """A section has all that the page asks it for."""

    name: ClassVar[str] = "whole"
    says: ClassVar[str] = "a section has a title, a whole number for its place, and a template"
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, case: MemberCase) -> str:
        """Look at what the page reads."""
        from harness.report.sections.section import Section

        section = case.member
        if not isinstance(section, Section):
            raise Broken(f"a {type(section).__name__} lacks a member of harness.plugin.reporting.Section")
        require_words(section, "name", "title", "template")
        if type(section.place) is not int:
            raise Broken(f"`place` is {section.place!r}, not a whole number")
        return f"at {section.place}"


class Escapes(Law[MemberCase]):
    """The template can be read, and nothing in it stands unescaped."""

    name: ClassVar[str] = "escapes"
    says: ClassVar[str] = "the template can be read, and shows every value escaped"
    needs: ClassVar[tuple[str, ...]] = ("whole",)

    def check(self, case: MemberCase) -> str:
        """Read the template as the page does, and look for what switches escaping off."""
        from jinja2 import TemplateSyntaxError, nodes

        from harness.report.templating import environment

        try:
            tree = environment().parse(case.member.template)
        except TemplateSyntaxError as error:
            raise Broken(f"line {error.lineno} of the template: {error.message}") from error
        filters = (used for used in tree.find_all(nodes.Filter) if used.name == "safe")
        raw = [f"line {used.lineno}: the filter `safe`" for used in filters]
        raw += [f"line {used.lineno}: autoescape" for used in tree.find_all(nodes.ScopedEvalContextModifier)]
        if raw:
            raise Broken(f"{raw[0]} lets markup of the data through")
        return ""


LAWS: Sequence[Law[MemberCase]] = (WholeSection(), Escapes())
