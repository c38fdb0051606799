"""A file's own samples: read, filled inside the mask, and compared with what was written."""
