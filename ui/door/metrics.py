"""Figures for Prometheus, by its own client: made when they are asked for, of what is so now."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from methods import full_size, held, running
from ui.door.turns import blocks_of, queue_of
from ui.service.service import Service

ADDRESS = "/metrics"


def is_installed() -> bool:
    """Whether the client is here; it is an optional package."""
    return find_spec("prometheus_client") is not None


def metrics_routes(service: Service) -> list[BaseRoute]:
    from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_LATEST

    def metrics(request: Request) -> Response:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # memory, processor, open files
        registry.register(_Figures(service, request.app))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route(ADDRESS, metrics)]


class _Figures:
    """A collector, as the client calls it."""

    def __init__(self, service: Service, app: object) -> None:
        self._service = service
        self._app = app

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily

        now = {
            "connections": ("Connections that are open.", _connections(self._app)),
            "queue_waiting": ("Events that wait in the queue.", _waiting(self._app, self._service)),
            "runs": ("Runs that are not wholly written yet.", len(self._service.erasing.running())),
            "upload_bytes": ("Uploads that wait to be opened.", self._service.upload_room.bytes()),
        }
        for name, (words, value) in now.items():
            yield GaugeMetricFamily(f"eraser_lab_{name}", words, value=value)
        yield from self._ledger()
        yield from self._counted()

    def _ledger(self) -> Iterator[Any]:
        """What is held, and what works or waits."""
        from prometheus_client.core import GaugeMetricFamily

        kept = GaugeMetricFamily(
            "eraser_lab_held_bytes", "Held in memory to be at hand again.", labels=["kind"]
        )
        for kind, size in held.sizes().items():
            kept.add_metric([kind], size)
        taken = GaugeMetricFamily(
            "eraser_lab_ledger_bytes", "What is held, or works at full size.", labels=["part"]
        )
        most = GaugeMetricFamily("eraser_lab_ledger_most_bytes", "The bounds.", labels=["part"])
        parts = {
            "held": (held.size, held.most),
            "full_size": (full_size.taken, full_size.most),
            "runs": (running.taken, running.most),
        }
        for name, (now, bound) in parts.items():
            taken.add_metric([name], now)
            most.add_metric([name], bound)
        rooms = {"full_size": full_size, "runs": running, "places": self._service.visits.places}
        lanes = {name: lane.room for name, lane in self._service.visits.lanes.all().items()}
        waiting = GaugeMetricFamily("eraser_lab_waiting", "Who wait, by what for.", labels=["for"])
        for name, room in (rooms | lanes).items():
            waiting.add_metric([name], room.waiting)
        yield from (kept, taken, most, waiting)

    def _counted(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, SummaryMetricFamily

        tally = self._service.tally
        seconds = SummaryMetricFamily(
            "eraser_lab_erase_seconds", "Seconds of erasing.", labels=["eraser"]
        )
        for eraser, (count, total) in tally.results().items():
            seconds.add_metric([eraser], count, total)
        failures = CounterMetricFamily(
            "eraser_lab_failures", "Jobs without a result.", labels=["eraser", "code"]
        )
        for pair, count in tally.failures().items():
            failures.add_metric(list(pair), count)
        refusals = CounterMetricFamily(
            "eraser_lab_refusals", "Requests that were sent away at the door.", labels=["code"]
        )
        for code, count in tally.refusals().items():
            refusals.add_metric([code], count)
        yield from (seconds, failures, refusals)


def _connections(app: object) -> int:
    """As uvicorn counts them; 0 where the app is served by another one."""
    server = getattr(blocks_of(app), "server", None)
    state = getattr(server, "server_state", None)
    return len(getattr(state, "connections", ()))


def _waiting(app: object, service: Service) -> int:
    """In Gradio's queue, and for a run's place."""
    queue: Any = queue_of(app)
    return service.visits.places.waiting + (0 if queue is None else len(queue))
