"""What a photo says beside its pixels: found, told of, carried over, or left where it must be."""
