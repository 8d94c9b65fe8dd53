"""The sections of the report, a folder each: rows, table, figure, text and template together."""
