"""The sections that come with the harness."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from harness.registry.hooks import hookimpl
from harness.report import sections
from harness.report.sections.section import Section


@hookimpl
def harness_sections() -> tuple[Section, ...]:
    """Return the sections of the modules of this package, and of the module ``section`` of packages in it.

    Each knows its place, so that others can stand between.
    """
    modules = (
        import_module(f"{sections.__name__}.{module.name}{'.section' if module.ispkg else ''}")
        for module in iter_modules(sections.__path__)
    )
    every = (value for module in modules for value in vars(module).values())
    return tuple(value for value in every if isinstance(value, Section))
