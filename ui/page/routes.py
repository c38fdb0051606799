"""The files of photos, examples, tables and runs, under lab/, in front of Gradio's own routes.

Ids and file names are checked by pattern, so nothing outside a photo's or a run's folder
can be named. What is unknown, and what is not allowed, is the same 404, with the same sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any, NotRequired, TypedDict
from urllib.parse import quote

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from methods import BadInput, UserError
from ui.api.bodies import PlainBodies
from ui.api.endpoints import VALUES
from ui.api.tools.server import ToolServer
from ui.common.caller import caller_of
from ui.common.errors import as_user_error, photo_gone, run_damaged, run_gone
from ui.common.names import safe_stem
from ui.door.door import Door
from ui.door.gate import Gate
from ui.door.health import health_routes
from ui.door.metrics import metrics_routes
from ui.door.refusals import Refusal
from ui.door.rules import Rules
from ui.page.assets import Assets
from ui.page.downloads import saved_route
from ui.page.early import Compressed, EarlyPage
from ui.page.fresh import AGAIN, not_modified, tag_of
from ui.page.headers import HEADERS
from ui.page.spoken import Spoken
from ui.service.reports.archive import stream_zip, stream_zips
from ui.service.reports.figure import figure_file
from ui.service.reports.report import MOST_RUNS
from ui.service.service import Service

FOR_EVER = {**HEADERS, "Cache-Control": "private, max-age=604800, immutable"}
"""For what never changes under its address, as long as anything here is kept."""

KEPT_FOR_EVER = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "public, max-age=31536000, immutable",
    "Vary": "Accept-Encoding",
}
"""For the page's own files, whose address is made of what they hold."""

TYPES = {".jpg": "image/jpeg", ".png": "image/png"}

FIGURE_TYPES = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "tex": "application/x-tex",
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
}


class AppOptions(TypedDict):
    """What `Starlette` takes."""

    routes: list[BaseRoute]
    middleware: list[Middleware]
    lifespan: NotRequired[Callable[[object], AbstractAsyncContextManager[None]]]


def app_kwargs(
    service: Service,
    assets: Assets | None = None,
    *,
    tools: bool = False,
    metrics: bool = False,
    gate: Gate | None = None,
) -> AppOptions:
    """For `demo.launch(app_kwargs=…)`: routes and the door, there from the start.

    assets: the page's own scripts and styles; None where no page is shown. tools: also routes for
    agents. metrics: also figures for Prometheus. gate: who is let in; None = everybody.
    """
    options: AppOptions = {
        "routes": [*lab_routes(service), *health_routes(service)],
        "middleware": [_door(service, gate), Middleware(Compressed)],
    }
    if assets is not None:
        options["routes"].insert(0, static_route(assets))
        options["middleware"].append(Middleware(EarlyPage, assets))
    options["middleware"].append(Middleware(PlainBodies, VALUES))
    if metrics:
        options["routes"] += metrics_routes(service)
    if tools:
        server = ToolServer(service)
        options["routes"] += server.routes()
        options["lifespan"] = server.lifespan
    return options


def install(app: Starlette, service: Service) -> None:
    """The same routes for an app that is made already, before all of its own."""
    app.router.routes[:0] = lab_routes(service)


def _door(service: Service, gate: Gate | None) -> Middleware:
    return Middleware(
        Door,
        rules=Rules.from_environment(),
        room=service.upload_room,
        megabytes=service.limits.megabytes,
        ending=service.ending,
        tally=service.tally,
        gate=gate,
    )


def static_route(assets: Assets) -> BaseRoute:
    """The page's own files, from memory: no path of a request reaches the disk."""

    def static(request: Request) -> Response:
        asset = assets.get(request.path_params["version"], request.path_params["name"])
        if asset is None:
            raise HTTPException(404)
        small = "br" in request.headers.get("accept-encoding", "")
        headers = {**KEPT_FOR_EVER, "Content-Encoding": "br"} if small else KEPT_FOR_EVER
        body = asset.brotli if small else asset.body
        return Response(body, media_type=asset.media_type, headers=headers)

    return Route("/lab/static/{version}/{name:path}", static)


def lab_routes(service: Service) -> list[BaseRoute]:
    files = _Files(service)
    return [
        _said("/lab/photos/{photo}/{file}", files.photo),
        _said("/lab/photos/{photo}/tiles/{tile}", files.tile),
        _said("/lab/examples/{example}/thumb.jpg", files.example),
        _said("/lab/examples/{example}/prepared/{name}.webp", files.prepared),
        _said("/lab/tables/{row}/{part}-{size}.jpg", files.row),
        _said("/lab/report.html", files.report),
        _said("/lab/figure.{form}", files.figure),
        _said("/lab/all.zip", files.archives),
        _said("/lab/runs/{run}/all.zip", files.archive),
        _said("/lab/runs/{run}/original.png", files.original),
        saved_route(service),
        _said("/lab/runs/{run}/{file}", files.result),
    ]


def _said(path: str, endpoint: Callable[..., Any]) -> Route:
    return Route(path, endpoint, middleware=[Middleware(Spoken)])


class _Files:
    """The endpoints. Plain functions, which Starlette runs in its thread pool, are for files alone;
    what makes something has a lane."""

    def __init__(self, service: Service) -> None:
        self._photos = service.photos
        self._runs = service.runs
        self._owners = service.owners
        self._examples = service.examples
        self._tables = service.tables
        self._looking = service.looking
        self._downloads = service.downloads
        self._full = service.visits.lanes.full
        self._pictures = service.visits.lanes.pictures

    def photo(self, request: Request) -> Response:
        photo_id, file = request.path_params["photo"], request.path_params["file"]
        path = self._photos.file(photo_id, file)
        if path is None:
            raise photo_gone()
        return _file(request, path, lambda: f"{self._stem_of_photo(photo_id)}-mask")

    async def tile(self, request: Request) -> Response:
        photo_id, tile = request.path_params["photo"], request.path_params["tile"]
        caller = caller_of(request)
        data = await self._pictures.run(caller, lambda: self._looking.tile(photo_id, tile, caller))
        if data is None:
            raise photo_gone()
        return Response(data, media_type=TYPES[Path(tile).suffix], headers=FOR_EVER)

    async def original(self, request: Request) -> Response:
        caller = caller_of(request)
        path = await self._full.run(
            caller, lambda: self._looking.original(self._run(request), caller)
        )
        return FileResponse(path, media_type="image/png", headers=FOR_EVER)

    def example(self, request: Request) -> Response:
        data = self._examples.thumb(request.path_params["example"])
        return Response(data, media_type="image/jpeg", headers=HEADERS)

    def prepared(self, request: Request) -> Response:
        path = self._examples.prepared_file(*(request.path_params[n] for n in ("example", "name")))
        return FileResponse(path, media_type="image/webp", headers=HEADERS)

    async def row(self, request: Request) -> Response:
        row, part, size = (request.path_params[name] for name in ("row", "part", "size"))
        data = await self._pictures.run(
            caller_of(request), lambda: self._tables.view(row, part, size)
        )
        if data is None:
            raise BadInput("unknown_row")
        return Response(data, media_type="image/jpeg", headers=HEADERS)

    def result(self, request: Request) -> Response:
        run_id, file = self._run(request), request.path_params["file"]
        path = self._runs.file(run_id, file)
        if path is None:
            raise run_gone()
        return _file(request, path, lambda: f"{self._stem_of_run(run_id)}-{_label(file)}")

    async def archive(self, request: Request) -> Response:
        return await self._full.run(caller_of(request), lambda: self._archive(request))

    def _archive(self, request: Request) -> Response:
        run_id = self._run(request)
        name = f"{self._stem_of_run(run_id)}-eraser-lab.zip"
        headers = self._fresh([run_id], name)
        if (same := not_modified(request, headers)) is not None:
            return same
        try:
            like = partial(self._downloads.like_photo, run_id, caller_of(request))
            pieces = stream_zip(self._runs, run_id, like)  # fails here, while it can be said
        except FileNotFoundError:
            raise run_damaged() from None
        return StreamingResponse(pieces, media_type="application/zip", headers=headers)

    async def archives(self, request: Request) -> Response:
        """?runs=ID,ID,…: several runs in one zip, as many as a report may have."""
        return await self._full.run(caller_of(request), lambda: self._archives(request))

    def _archives(self, request: Request) -> Response:
        named = request.query_params.get("runs", "").split(",")[:MOST_RUNS]
        runs = self._owners.all_named(named)
        headers = self._fresh(runs, "eraser-lab.zip")
        if (same := not_modified(request, headers)) is not None:
            return same
        pieces = stream_zips(self._runs, runs)
        return StreamingResponse(pieces, media_type="application/zip", headers=headers)

    async def report(self, request: Request) -> Response:
        """?runs=ID,ID,…: always a download, so that no page of ours shares its address.
        &given=ID,…&pasted=true: folders of results beside the rows'."""
        return await self._full.run(caller_of(request), lambda: self._report(request))

    def _report(self, request: Request) -> Response:
        runs = self._owners.all_named(request.query_params.get("runs", "").split(","))
        name = self._stem_of_run(runs[0]) if len(runs) == 1 else "eraser-lab"
        headers = self._fresh(runs, f"{name}-report.html")
        given = [each for each in request.query_params.get("given", "").split(",") if each]
        if given:
            del headers["ETag"]  # the folders may hold others by now
        elif (same := not_modified(request, headers)) is not None:
            return same
        found = self._tables.report(runs, given, request.query_params.get("pasted") == "true")
        if isinstance(found, Path):
            return FileResponse(found, media_type="text/html", headers=headers)
        return Response(found, media_type="text/html", headers=headers)

    def _fresh(self, runs: list[str], name: str) -> dict[str, str]:
        """The headers of a download that is made of runs: a remark makes another one of it."""
        kept = f"attachment; filename*=utf-8''{quote(name)}"
        tag = tag_of(self._runs, runs)
        return {**HEADERS, "Content-Disposition": kept, "Cache-Control": AGAIN, "ETag": tag}

    async def figure(self, request: Request) -> Response:
        """?runs=ID,ID,…&width=174&…: the names of `FigureOptions`; a download, as the report."""
        return await self._full.run(caller_of(request), lambda: self._figure(request))

    def _figure(self, request: Request) -> Response:
        asked = dict(request.query_params)
        runs = self._owners.all_named(asked.pop("runs", "").split(","))
        form = request.path_params["form"]
        name = self._stem_of_run(runs[0]) if len(runs) == 1 else "eraser-lab"
        try:
            data = figure_file(self._tables.figure, runs, form, asked, f"{name}-figure")
        except (UserError, ValidationError) as error:
            spoken = as_user_error(error)
            status = 404 if spoken.code in ("run_gone", "figure_form") else 400
            return Refusal(status, spoken).response(request.url.path)
        kept = f"attachment; filename*=utf-8''{quote(f'{name}-figure.{form}')}"
        headers = {**HEADERS, "Content-Disposition": kept}
        return Response(data, media_type=FIGURE_TYPES[form], headers=headers)

    def _run(self, request: Request) -> str:
        """The id of the run that an address names, and shows."""
        return self._owners.named(request.path_params["run"])

    def _stem_of_run(self, run_id: str) -> str:
        try:
            return safe_stem(str(self._runs.load(run_id)["photo"]["name"]))
        except (KeyError, TypeError):
            raise run_damaged() from None

    def _stem_of_photo(self, photo_id: str) -> str:
        return safe_stem(self._photos.record(photo_id).name)


def _file(request: Request, path: Path, stem: Callable[[], str]) -> Response:
    """The file to show, or with ?download=1 to keep, under a name that people know."""
    kind = TYPES[path.suffix]
    if request.query_params.get("download") != "1":
        return FileResponse(path, media_type=kind, headers=HEADERS)
    return FileResponse(path, media_type=kind, headers=HEADERS, filename=stem() + path.suffix)


def _label(file: str) -> str:
    """What a run's file shows: "mask", "original", or the eraser's id."""
    return Path(file).stem.rpartition("-")[2]
