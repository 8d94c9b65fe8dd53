"""Published numbers beside what follows from each other and what a run gives."""
