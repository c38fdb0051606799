"""What the generated parts of the pages are made of."""
