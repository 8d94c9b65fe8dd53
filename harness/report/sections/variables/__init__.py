"""What each variable is, how it was prepared, and its moments."""
