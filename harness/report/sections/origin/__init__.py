"""What is left of the gain: for rows at hand, for other rows, for entities never seen."""
