"""How the door says no: a status, and the sentence in the form that all answers here have."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from methods import UserError
from ui.common.errors import described

SERVER_FUNCTIONS = "/gradio_api/component_server"


class Refusal(Exception):
    """error: what is said. ends: whether the connection is closed, because more of the request
    is on its way."""

    def __init__(self, status: int, error: UserError, *, ends: bool = False) -> None:
        super().__init__(str(error))
        self.status = status
        self.error = error
        self.ends = ends

    def response(self, path: str) -> Response:
        """`ok` and `error` are for the page, `detail` is where Gradio's clients look.

        The page's server functions always answer with 200 and say in the answer whether it went
        well: of another status Gradio's script shows nobody the words. Foreign pages are not meant.
        """
        fault = described(self.error)
        shown = path.rstrip("/") == SERVER_FUNCTIONS and self.status != 403
        headers = {"Connection": "close"} if self.ends else {}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if "seconds" in fault["details"]:
            headers["Retry-After"] = str(fault["details"]["seconds"])
        return JSONResponse(
            {"ok": False, "error": fault, "detail": fault["text"]},
            200 if shown else self.status,
            headers,
        )
