"""Results from the observations: rates, intervals, rows."""
