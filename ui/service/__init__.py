"""What the page may ask, and the answers; without any of Gradio."""
