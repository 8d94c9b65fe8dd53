"""Net effect curves, their slopes, turning points and accumulated local effects."""
