"""What a run will take: time and memory, from a few fits of its own."""
