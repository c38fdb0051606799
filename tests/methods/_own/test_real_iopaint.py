"""A real IOPaint 1.6 server beside our own erasers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from methods import Failed, Finished, Image, Mask
from own_tools import Own
from real_iopaint import real_iopaint
from server_fixtures import serve

pytest_plugins = ["own_fixtures"]
pytestmark = pytest.mark.slow

Erase = Callable[..., Finished | Failed]

SAME = """
    model = "cv2"
    cv2_flag = "INPAINT_TELEA"
    cv2_radius = 5
    hd_strategy = "Original"
"""
CANVAS = "[canvas]\nlongest_side = 1024\ncontext = 0.1\nmin_context = 32\npieces = 64"


@pytest.mark.timeout(600)
def test_its_telea_is_ours(
    own: Own, erase: Erase, image: Image, mask: Mask, tmp_path: Path
) -> None:
    with real_iopaint(tmp_path) as url:
        serve(own, "iopaint", url, SAME, CANVAS)
        theirs, ours = erase("theirs"), erase("telea", {"radius": 5})
        serve(own, "iopaint", url, SAME.replace('"cv2"', '"lama"'))
        other = erase("theirs")
        serve(own, "iopaint", url, 'sd_sampler = "none such"\ncv2_flag = "INPAINT_NS"')
        further = erase("theirs")
    assert isinstance(theirs, Finished) and isinstance(ours, Finished), theirs
    assert theirs.changed_outside == 0
    assert np.array_equal(theirs.image, ours.image)
    assert isinstance(other, Failed) and "runs the model cv2" in other.text
    assert isinstance(further, Finished) and not np.array_equal(further.image, ours.image)
