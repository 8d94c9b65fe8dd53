"""How good an estimator is: splits, resampling, accuracy, and the gain with its interval."""
