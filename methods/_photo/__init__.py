"""From a file that anyone may have made to pixels: containers, decoding, colours."""
