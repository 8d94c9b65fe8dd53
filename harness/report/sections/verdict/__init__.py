"""What the run says, in sentences and one table."""
