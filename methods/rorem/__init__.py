"""RORem: the eraser, its settings, its weights."""

from methods.rorem.eraser import Rorem as Rorem
