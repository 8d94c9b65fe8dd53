"""What can be chosen by name: hooks, discovery, catalogs, and what is wrong with a plugin."""
