"""Every sentence that says something is there: its numbers, whether it is significant, its caveats."""
