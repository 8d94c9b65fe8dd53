"""Covariances of coefficients, as a spec names them."""
