"""Attentive Eraser: the eraser, the guidance of its attention, its models."""

from methods.attentive_eraser.eraser import AttentiveEraser as AttentiveEraser
