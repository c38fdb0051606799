"""The door: what every request passes before Gradio and the page see it."""
