"""FLUX.2 klein: the eraser, its settings, its weights."""

from methods.flux2_klein.eraser import Flux2Klein as Flux2Klein
