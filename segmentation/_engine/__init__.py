"""What runs the segmenters: finding them, keeping embeddings, answering a selection."""
