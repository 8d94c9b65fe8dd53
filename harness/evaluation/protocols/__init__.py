"""How rows are split and models selected: each protocol is a value with options."""
