"""What it covers: masks, their shape, how parts and strokes make one, hints at what is missed."""
