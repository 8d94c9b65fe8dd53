"""What the user asked for: a guarded YAML text, read into frozen types, with a place for every mistake."""
