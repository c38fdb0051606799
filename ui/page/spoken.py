"""What our own routes for files say where there is none: a sentence, as all refusals are."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from methods import Unavailable, UserError
from ui.common.errors import as_user_error
from ui.door.refusals import Refusal

STATUS = {
    "too_fast": 429,
    "crowded": 429,
    "disk_full": 507,
    "data_unwritable": 507,
    "internal": 500,
}
"""By an error's code; of all others 503 where something is missing here, else 404."""


class Spoken:
    """ASGI middleware: whatever an endpoint raises before its answer has begun is said."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            if begun:
                raise
            spoken = as_user_error(error)
            response = Refusal(status_of(spoken), spoken).response(scope["path"])
            response.headers["Cache-Control"] = "no-store"
            await response(scope, receive, send)


def status_of(error: UserError) -> int:
    """404 for what is not there, or not for whoever asks."""
    missing = 503 if isinstance(error, Unavailable) else 404
    return STATUS.get(error.code, missing)
