"""OmniEraser: the eraser and its weights."""

from methods.omnieraser.eraser import OmniEraser as OmniEraser
