"""Simulated panels whose truth can be asked, one file each."""
