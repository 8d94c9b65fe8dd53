"""Instruments: the equation of an exposure that is correlated with the errors, and how strong they are."""
