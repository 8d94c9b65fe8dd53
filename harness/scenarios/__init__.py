"""What the estimators say, one folder a scenario; what scenarios share stands beside the folders."""
