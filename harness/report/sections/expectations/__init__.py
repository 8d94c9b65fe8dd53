"""Numbers that the spec expects beside those of the run."""
