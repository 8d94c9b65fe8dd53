"""From the rows of a table to the rows of a panel: keys, order, periods, groups, missing cells."""
