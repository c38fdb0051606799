"""Who erases where: of the programs on this machine, or of all in a cluster."""

from __future__ import annotations

import os

from methods._workers.board import shown_places
from methods._workers.cluster.address import SETTING
from methods._workers.cluster.survey import survey
from methods._workers.executor import Place


def known_places(ray: str = "") -> tuple[Place, ...]:
    """ray: a cluster, in place of ERASER_LAB_RAY; "" and nothing there = this machine. Raises
    Unavailable or BadInput for a cluster that cannot be asked."""
    cluster = (ray or os.environ.get(SETTING, "")).strip()
    return survey(cluster) if cluster else shown_places()
