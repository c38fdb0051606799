"""What runs in a process of its own: one call of the library, which hears nothing until its end.

Started by its path, with height, width, patch size and seed; picture and mask come by standard
input, the picture goes back by standard output. By standard error the library says which level
it begins; that it is closed means that there are no more.
"""

from __future__ import annotations

import os
import sys

import numpy as np


def main() -> None:
    """Fill, in the background of whatever else the machine has to do."""
    import patchmatch

    height, width, patch_size, seed = map(int, sys.argv[1:])
    if hasattr(os, "nice") and os.nice(0) == 0:  # a worker is in the background already
        os.nice(10)
    pixels = np.frombuffer(sys.stdin.buffer.read(), np.uint8)
    image = pixels[: height * width * 3].reshape(height, width, 3)
    mask = pixels[height * width * 3 :].reshape(height, width)
    patchmatch.set_random_seed(seed)
    patchmatch.set_verbose(True)
    filled = patchmatch.inpaint(image, mask, patch_size=patch_size)
    sys.stderr.flush()
    os.close(2)
    sys.stdout.buffer.write(filled.tobytes())


if __name__ == "__main__":
    main()
