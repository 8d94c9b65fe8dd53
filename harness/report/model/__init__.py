"""What all sections read of a run: manifest, rows of tables, errors, gains, lines with bands."""
