"""Conditions of the effect: surfaces, conditional effects, changes of sign."""
