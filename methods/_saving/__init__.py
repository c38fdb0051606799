"""From a result as erasers make it to a file as the photo was: depth, colours, metadata, format."""
