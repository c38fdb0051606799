"""Whether the program is up, and whether it can do its work: for whatever watches over it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from methods import WeightState, default_erasers, needed_weights, weight_status
from ui.door.turns import queue_of
from ui.service.service import Service

HEADERS = {"Cache-Control": "no-store"}


def health_routes(service: Service) -> list[BaseRoute]:
    async def healthz(request: Request) -> JSONResponse:
        """Up: no thread, no disk. staying: it is not about to end."""
        return JSONResponse({"ok": True, "staying": not service.ending.is_set()}, headers=HEADERS)

    def readyz(request: Request) -> JSONResponse:
        """503 where a visitor would be refused; the answer says what for."""
        found = {
            "erasers": bool(ready_erasers()),
            "disk": service.upload_room.is_open(),
            "queue": has_room(request.app),
            "staying": not service.ending.is_set(),
        }
        ready = all(found.values())
        return JSONResponse({"ok": ready, **found}, 200 if ready else 503, HEADERS)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


def ready_erasers() -> list[str]:
    """Of the default ones those whose weights are here."""
    return [
        spec.id
        for spec in default_erasers()
        if all(weight_status(file).state == WeightState.READY for file in needed_weights(spec))
    ]


def has_room(app: object) -> bool:
    """Whether Gradio's queue takes one more; True where there is none."""
    queue = queue_of(app)
    most = getattr(queue, "max_size", None)
    return most is None or len(queue) < most  # type: ignore[arg-type]
