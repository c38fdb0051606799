"""CAT-Diffusion: the eraser, its network, its weights."""

from methods.catdiffusion.eraser import CatDiffusion as CatDiffusion
