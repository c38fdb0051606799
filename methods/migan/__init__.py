"""MI-GAN: the eraser, its network, the reading of its weights."""

from methods.migan.eraser import MiGan as MiGan
