"""The sections of the report, a file each: rows, table and text; `harness.report.figures` has the figures."""
