"""What a fit reports."""
