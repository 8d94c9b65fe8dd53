"""What a panel is: roles, sources, schema, declared preparation steps, and the rows an estimator sees."""
