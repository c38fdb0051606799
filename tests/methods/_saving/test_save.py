"""Results saved in the opened file's own samples: nothing outside the mask differs."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image as Pil

from methods import Change, MadeBy, load_image, save_result

BY = MadeBy("Eraser Lab", ("telea",))


def test_a_photo_of_8_bits_comes_back_with_its_fill() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    file = io.BytesIO()
    Pil.fromarray(pixels).save(file, "PNG")
    photo = load_image(file.getvalue())
    mask = np.zeros((40, 50), np.bool_)
    mask[5:20, 30:44] = True
    saved = save_result(file.getvalue(), Change(255 - photo.rgb, None, mask), BY)
    after = np.asarray(Pil.open(io.BytesIO(saved.data)))
    assert saved.format == "png" and saved.samples_changed_outside == 0 and not saved.notes
    assert np.array_equal(after, np.where(mask[..., None], 255 - pixels, pixels))
