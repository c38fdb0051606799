"""The page: what it asks of the server, and how the server answers."""
