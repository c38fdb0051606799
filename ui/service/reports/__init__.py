"""What is made of runs: reports, zips, figures, cases."""
