"""Places on other machines: Ray lends them, and each has a worker process as at home."""
