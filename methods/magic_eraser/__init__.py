"""MagicEraser: the eraser, its attention, the classes of what a photo shows."""

from methods.magic_eraser.eraser import MagicEraser as MagicEraser
