"""The route of results as files to keep: lab/runs/RUN/save/0.jpeg, and 0.place.jpeg with places and
serial numbers of devices."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast
from urllib.parse import quote

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from ui.common.caller import caller_of
from ui.common.errors import run_gone
from ui.common.names import safe_stem
from ui.page.fresh import AGAIN, not_modified
from ui.page.headers import HEADERS
from ui.page.spoken import Spoken
from ui.service.saving.downloads import Asked
from ui.service.saving.kept import Facts
from ui.service.service import Service

NAME = re.compile(r"(\d{1,2})\.(place\.)?(default|auto|png|tiff|jpeg|webp|avif)")


def saved_route(service: Service) -> Route:
    """Made when it is asked for the first time, in the lane of what opens pictures."""
    files = _Saved(service)
    path = "/lab/runs/{run}/save/{name}"
    return Route(path, files.file, middleware=[Middleware(Spoken)])


class _Saved:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def file(self, request: Request) -> Response:
        caller = caller_of(request)
        lane = self._service.visits.lanes.full
        return await lane.run(caller, lambda: self._file(request, caller))

    def _file(self, request: Request, caller: str) -> Response:
        named = NAME.fullmatch(request.path_params["name"])
        if named is None:
            raise run_gone()
        run_id = self._service.owners.named(request.path_params["run"])
        index, asked = int(named[1]), cast("Asked", named[3])
        path, facts = self._service.downloads.get(
            run_id, index, asked, caller, keep_location=named[2] is not None
        )
        return _answer(request, path, facts, self._name(run_id, index))

    def _name(self, run_id: str, index: int) -> str:
        """Without its ending."""
        saved = self._service.runs.load(run_id)
        return f"{safe_stem(saved['photo']['name'])}-{saved['grid']['cards'][index]['eraser']}"


def _answer(request: Request, path: Path, facts: Facts, name: str) -> Response:
    kept = f"attachment; filename*=utf-8''{quote(name + path.suffix)}"
    tagged = {"ETag": f'"{facts.sha256[:32]}"', "Cache-Control": AGAIN}
    headers = {**HEADERS, "Content-Disposition": kept, **tagged}
    same = not_modified(request, headers)
    if same is not None:
        return same
    return FileResponse(path, media_type=f"image/{facts.format}", headers=headers)
