"""Panel threshold regression: where the slope of the exposure breaks, and whether it does."""
