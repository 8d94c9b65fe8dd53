"""The run folder: its tables, its manifest, atomic writes, and units that a later run can take up again."""
