"""The subcommands of ``harness``; each loads heavy libraries only when it is called."""
