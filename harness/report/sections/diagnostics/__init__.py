"""What fits tell of themselves: tests, statistics, what they chose."""
