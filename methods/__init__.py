"""Object erasers, one file each. This door imports no heavy library."""
