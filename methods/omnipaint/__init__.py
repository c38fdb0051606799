"""OmniPaint: the eraser, the branch that looks at the photo, its weights."""

from methods.omnipaint.eraser import OmniPaint as OmniPaint
