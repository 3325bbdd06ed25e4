"""What the observations come to: rates, intervals, rows."""
