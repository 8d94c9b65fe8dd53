"""Declared preparation steps: a closed list, one file a step, no formulas."""
