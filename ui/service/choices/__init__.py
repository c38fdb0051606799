"""What there is to choose from on this machine: erasers, segmenters, weights."""
