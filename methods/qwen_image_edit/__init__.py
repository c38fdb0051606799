"""Qwen-Image-Edit: the eraser, its prompts, its settings, its weights."""

from methods.qwen_image_edit.eraser import QwenImageEdit as QwenImageEdit
