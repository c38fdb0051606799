"""PixelHacker: the eraser, its network, its weights."""

from methods.pixelhacker.eraser import PixelHacker as PixelHacker
