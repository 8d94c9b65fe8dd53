"""Every sentence that says something is there: its numbers, whether it is established, its caveats."""
