"""A JPEG saved as the JPEG that it was: blocks beyond the mask keep their coefficients."""
