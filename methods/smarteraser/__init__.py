"""SmartEraser: the eraser, its guidance, its masks, its network and weights."""

from methods.smarteraser.eraser import SmartEraser as SmartEraser
