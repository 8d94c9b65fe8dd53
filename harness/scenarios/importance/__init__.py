"""How much worse estimators predict without some of the columns."""
