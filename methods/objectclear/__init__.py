"""ObjectClear: the eraser, its guide, its networks and weights."""

from methods.objectclear.eraser import ObjectClear as ObjectClear
