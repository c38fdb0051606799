"""LaMa: the eraser, its network, the refinement of its results."""

from methods.lama.eraser import Lama as Lama
