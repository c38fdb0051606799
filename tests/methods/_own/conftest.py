"""A photo, a mask and a job on them: here alone, as other plugins have pictures of these names."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from methods import Failed, Finished, Image, Job, Mask, StopToken, run


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(1).integers(0, 256, (48, 64, 3)).astype(np.uint8)


@pytest.fixture
def mask() -> Mask:
    found = np.zeros((48, 64), bool)
    found[16:30, 20:40] = True
    return found


@pytest.fixture
def erase(image: Image, mask: Mask) -> Callable[..., Finished | Failed]:
    """The last event of one job."""

    def erased(
        name: str, settings: dict[str, object] | None = None, seed: int = 0, **more: object
    ) -> Finished | Failed:
        token = more.get("token")
        assert token is None or isinstance(token, StopToken)
        job = Job(name, settings or {}, seed)  # type: ignore[arg-type]
        *_, last = run([job], image, mask, token=token)
        assert isinstance(last, Finished | Failed)
        return last

    return erased
