"""The section of networks and maps: searches for a size, learning, clusters."""
