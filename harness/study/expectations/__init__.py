"""Numbers that a table of a run must show: published ones, among them claims, and pinned ones."""
