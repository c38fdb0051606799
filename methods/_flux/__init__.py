"""What the erasers that are built on FLUX.1 share."""
