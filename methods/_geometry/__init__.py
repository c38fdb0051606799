"""Between a photo of any size and an eraser's canvas: patches, canvas, paste."""
