"""The section of thresholds and treatments: where slopes break, and effects since a treatment started."""
