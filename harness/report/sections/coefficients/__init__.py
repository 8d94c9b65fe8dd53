"""Coefficients side by side, with what their standard errors rest on."""
