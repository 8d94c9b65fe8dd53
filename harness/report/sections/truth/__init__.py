"""How far each estimator is from the truth behind simulated data."""
