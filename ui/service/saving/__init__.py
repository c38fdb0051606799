"""Results as files to keep: like the photo that was opened, or as one wishes."""
