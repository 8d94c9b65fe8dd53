"""Treatments that start: event studies, and what two-way effects make of starts that differ."""
