"""A JPEG saved as the JPEG that it was: blocks that a mask does not reach keep their coefficients."""
