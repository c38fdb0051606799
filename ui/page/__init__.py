"""The page itself: its layout, its components, its routes."""
