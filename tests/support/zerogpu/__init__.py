"""What stands in for Hugging Face's ZeroGPU: its device API, and a GPU in forks."""
