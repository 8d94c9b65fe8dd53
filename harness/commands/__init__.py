"""The subcommands of ``harness``, one a file; each loads heavy libraries only when it is called."""
