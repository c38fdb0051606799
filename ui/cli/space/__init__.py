"""`python -m methods space`: hardware of Hugging Face Spaces."""
