"""PowerPaint: the eraser, its prompts, its networks and weights."""

from methods.powerpaint.eraser import PowerPaint as PowerPaint
