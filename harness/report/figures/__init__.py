"""Figures, from typed values to bytes."""
