"""Levels and effects by group, and whether groups differ."""
