"""The section of importance."""
