"""Tables of cases, run with chosen erasers: cases, runs, records."""
