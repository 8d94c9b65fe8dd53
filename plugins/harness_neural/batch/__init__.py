"""Many one-hidden-layer networks trained at once: arrays in, arrays out, nothing known of panels.

Importing its modules imports torch, so the estimators import them when they fit.
"""
