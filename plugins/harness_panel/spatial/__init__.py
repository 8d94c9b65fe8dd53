"""Spatial Durbin panels by quasi-maximum likelihood, and their direct and indirect impacts."""
