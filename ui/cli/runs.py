"""`python -m methods runs`: what whoever sits at the machine may do with any run that it keeps."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from methods import BadInput
from ui.cli.output import DONE, say


def runs(args: argparse.Namespace) -> int:
    """Raises UserError, OSError. A run of the page that goes on is not ended by being deleted."""
    from ui.common.errors import run_gone
    from ui.common.names import plain
    from ui.common.requests import REMARK_LENGTH
    from ui.service.parts import default_data_dir
    from ui.stores.runs import RunStore

    store = RunStore(default_data_dir() / "runs")
    run_id = args.run.rpartition("run=")[2].partition("&")[0]
    if not store.exists(run_id):
        raise run_gone()

    def remark() -> None:
        if args.index is None or args.text is None:
            raise BadInput("remark_incomplete")
        store.remark(run_id, args.index, plain(args.text, REMARK_LENGTH))

    def delete() -> None:
        if store.is_running(run_id):
            raise BadInput("run_going_on")
        store.discard(run_id)

    doing: dict[str, Callable[[], None]] = {
        "hide": lambda: store.keep_private(run_id, True),
        "show": lambda: store.keep_private(run_id, False),
        "remark": remark,
        "delete": delete,
    }
    doing[args.what]()
    say("Done.")
    return DONE
