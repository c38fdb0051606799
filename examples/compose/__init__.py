"""Cases whose true background is known, made from anyone's photos."""
