"""What the erasers that are built on diffusers' pipelines share."""
