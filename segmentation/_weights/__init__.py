"""The manifests of what segmentation needs, as `methods` reads them: `manifests/*.json`."""

from __future__ import annotations

from pathlib import Path

from methods import Manifests

MANIFESTS = Manifests(Path(__file__).parent / "manifests")

repository, weight_file = MANIFESTS.repository, MANIFESTS.weight_file
