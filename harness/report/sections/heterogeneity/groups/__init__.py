"""Levels and effects by group, and the differences between groups."""
