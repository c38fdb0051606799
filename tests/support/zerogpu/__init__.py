"""What stands in for Hugging Face's ZeroGPU: its device API on loopback, an emulated GPU in forks."""
