"""Numbers that a study must reproduce: run for them, tested by pytest, pinned from a run."""
