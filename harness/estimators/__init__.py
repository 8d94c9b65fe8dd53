"""The plugin seam: what an estimator is, what a fit can tell, and how plugins are found."""
