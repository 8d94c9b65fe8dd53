"""What a study asks, and the numbers that its tables must show: published ones and pinned ones."""
