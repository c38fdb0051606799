"""PatchMatch: the eraser, a bound on its work, the process that it runs in."""

from methods.patchmatch.eraser import PatchMatch as PatchMatch
