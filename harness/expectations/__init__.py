"""Numbers that a study must reproduce, beside those of a run."""
