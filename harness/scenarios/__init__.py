"""What the estimators say: net effect curves and where the data support them."""
