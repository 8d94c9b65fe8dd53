"""Tables of the report, cell by cell, in words."""
