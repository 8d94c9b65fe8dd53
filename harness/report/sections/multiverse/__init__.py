"""The gain under every combination of choices."""
