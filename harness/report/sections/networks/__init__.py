"""Networks and maps: searches for a size, learning, clusters."""
