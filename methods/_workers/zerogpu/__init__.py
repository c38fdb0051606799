"""Erasing on a GPU that is lent for each job: ZeroGPU of Hugging Face Spaces."""
