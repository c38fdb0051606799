"""CLIPAway: the eraser, its networks, its weights."""

from methods.clipaway.eraser import ClipAway as ClipAway
