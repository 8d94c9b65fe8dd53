"""How to reproduce the run, and what its folder holds."""
