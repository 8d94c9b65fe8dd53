"""Published numbers beside those of a run: the table ``claims``."""
