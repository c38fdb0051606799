"""Eraser Lab: click an object on a photo, erase it several ways, compare.

python app.py                    the page on http://127.0.0.1:7860
python app.py --help             host, port, share, language
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from methods import PROGRAM

if TYPE_CHECKING:
    from ui.door.access import Access
    from ui.service.service import Service


def environment(*names: str) -> str | None:
    """The first of these environment variables that is set and not empty."""
    return next((os.environ[name] for name in names if os.environ.get(name)), None)


def switched_on(value: str | None) -> bool:
    """Whether an environment variable's text means yes."""
    return (value or "").strip().lower() in {"1", "true", "yes", "on"}


def port_number(text: str) -> int:
    """A TCP port, 1 to 65535."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 1 to 65535")
    return int(text)


def root_path(text: str) -> str:
    """A path from the root, or a whole address of http, without a slash at its end."""
    if not re.fullmatch(r"(https?://[^/?#\s]+)?(/(?!\.\.?(/|$))[\w.~%-]+)*/?", text, re.ASCII):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a path such as /apps/eraser nor an address such as"
            " https://example.org/eraser"
        )
    return text.rstrip("/")


def make_parser() -> argparse.ArgumentParser:
    """The command line; what it leaves open comes from the environment."""
    from methods import languages

    parser = argparse.ArgumentParser(prog="app.py", description="Start the Eraser Lab page.")
    parser.add_argument("--version", action="version", version=f"Eraser Lab {PROGRAM}")
    parser.add_argument(
        "--host",
        default=environment("ERASER_LAB_HOST", "GRADIO_SERVER_NAME") or "127.0.0.1",
        help="address to listen on; 0.0.0.0 lets other machines in (ERASER_LAB_HOST)",
    )
    parser.add_argument(
        "--port",
        type=port_number,
        default=environment("ERASER_LAB_PORT", "GRADIO_SERVER_PORT"),
        help="port; without it the first free one from 7860 on (ERASER_LAB_PORT)",
    )
    parser.add_argument(
        "--share",
        action="store_true",
        default=switched_on(environment("ERASER_LAB_SHARE", "GRADIO_SHARE")),
        help="also make a public link through Gradio's tunnel (ERASER_LAB_SHARE)",
    )
    parser.add_argument(
        "--lang",
        choices=languages(),
        default=environment("ERASER_LAB_LANG"),
        help="language of the page; without it the browser's own (ERASER_LAB_LANG)",
    )
    parser.add_argument(
        "--mcp",
        action="store_true",
        default=switched_on(environment("ERASER_LAB_MCP", "GRADIO_MCP_SERVER")),
        help="also serve tools for agents at /gradio_api/mcp (ERASER_LAB_MCP)",
    )
    parser.add_argument(
        "--ray",
        default=environment("ERASER_LAB_RAY") or "",
        metavar="ADDRESS",
        help="erase in a Ray cluster: HOST:PORT, auto (the one that this machine is in, else one of"
        " its own) or local (ERASER_LAB_RAY)",
    )
    parser.add_argument(
        "--root-path",
        type=root_path,
        metavar="PATH",
        default=environment("ERASER_LAB_ROOT_PATH", "GRADIO_ROOT_PATH") or "",
        help="the path, such as /apps/eraser, that a proxy takes away from the page's addresses, or"
        " the whole public address (ERASER_LAB_ROOT_PATH)",
    )
    parser.add_argument(
        "--metrics",
        action="store_true",
        default=switched_on(environment("ERASER_LAB_METRICS")),
        help="also serve figures for Prometheus at /metrics (ERASER_LAB_METRICS)",
    )
    parser.add_argument(
        "--auth",
        action="append",
        metavar="FILE",
        help="let in only the people of this file, made by python -m methods auth; or hf:NAME,NAME,"
        " people and organizations who sign in with Hugging Face, on a Space (ERASER_LAB_AUTH)",
    )
    parser.add_argument(
        "--erasers-dir",
        metavar="FOLDER",
        help="where your own erasers lie; visitors neither add nor change any"
        " (ERASER_LAB_ERASERS_DIR, else erasers in ERASER_LAB_DATA)",
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    parser.add_argument(
        "--no-fetch",
        action="store_true",
        help="do not fetch the default weights in the background at the start",
    )
    return parser


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line, or end with a sentence on what is wrong with it."""
    from methods import languages

    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.lang is not None and options.lang not in languages():
        parser.error(f"ERASER_LAB_LANG must be one of {', '.join(languages())}")
    return options


def make_service(ray: str = "", own: str | None = None) -> Service:
    """The service; ends the program with a sentence where its settings or folder are no good.

    own: where the owner's erasers lie, None = as the environment says.
    """
    from methods import UserError, make_executor, use_own_folder
    from ui.common.logs import begin_logging
    from ui.door.ending import grace
    from ui.door.rules import Rules
    from ui.service.parts import default_data_dir
    from ui.service.service import Service

    try:
        begin_logging()
        Rules.from_environment()
        grace()
        use_own_folder(own)
        executor = make_executor(ray) if ray else None
        if executor is not None:
            print(f"{executor.described()}.")
        return Service(executor=executor)
    except (UserError, ValueError) as error:  # names the environment variable that cannot be used
        sys.exit(f"Eraser Lab cannot start: {error}")
    except OSError as error:
        sys.exit(
            f"Eraser Lab cannot keep photos and results in {default_data_dir()}"
            f" ({error.strerror}). Choose another folder with ERASER_LAB_DATA."
        )


def begin_lending() -> None:
    """Where a GPU is lent for a job at a time, get ready before anything imports torch."""
    from methods import UserError, prepare_lending

    try:
        prepare_lending()
    except UserError as error:
        sys.exit(f"Eraser Lab cannot start: {error}")


@contextmanager
def closed_room() -> Iterator[None]:
    """While the page is served, files of strangers are decoded apart from it."""
    from methods import decoding_by, make_room

    room = make_room()
    if room is None:
        yield
        return
    with room, decoding_by(room):
        room.start()
        yield


def let_in(options: argparse.Namespace) -> Access | None:
    """Who is let in; ends the program with a sentence for a setting that cannot be."""
    from methods import UserError
    from ui.door.access import access_of

    said = options.auth or (environment("ERASER_LAB_AUTH") or "").split()
    try:
        return access_of(said)
    except UserError as error:
        sys.exit(f"Eraser Lab cannot start: {error}")


def is_public(options: argparse.Namespace) -> bool:
    """Whether others than those at this machine reach the page."""
    from ui.door.names import is_loopback

    return bool(options.share) or not is_loopback(options.host)


def check_packages(options: argparse.Namespace) -> None:
    """End the program with a sentence where something is asked for whose package is not here."""
    from methods import Text
    from ui.api.tools import server
    from ui.door import metrics

    if options.mcp and not server.is_installed():
        sys.exit(Text("error.mcp_missing", package="mcp").said(options.lang or "en"))
    if options.metrics and not metrics.is_installed():
        missing = Text("error.metrics_missing", package="prometheus_client")
        sys.exit(missing.said(options.lang or "en"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Start the page and serve it until Ctrl-C or SIGTERM."""
    try:  # Gradio and its like: not for --help
        options = parse(arguments)
        from methods import Text, keep_to_cores, leave_at_once, share_heaps, write_any_text
        from ui.common.lighter import import_less
        from ui.common.stubs import write_no_stubs

        keep_to_cores()
        write_no_stubs()
        import_less()
        begin_lending()
        from ui.common.logs import adopt
        from ui.door.ending import end, grace, signals
        from ui.door.listening import guard_connections
        from ui.door.reloading import reloading
        from ui.door.rules import Rules
        from ui.page.layout import build_page, launch_options
    except ModuleNotFoundError as missing:
        sys.exit(f"{missing.name} is missing. Run: pip install -r requirements.txt")
    write_any_text()
    share_heaps()
    check_packages(options)
    access = let_in(options)
    service = make_service(options.ray, options.erasers_dir)
    page = build_page(service, access=access, is_public=is_public(options))
    page.queue(max_size=64)
    os.environ.pop("GRADIO_DEBUG", None)  # Gradio would wait inside launch
    with closed_room(), reloading(), signals(hurry=leave_at_once) as ended:
        try:
            page.launch(
                **launch_options(
                    service,
                    options.lang,
                    tools=options.mcp,
                    metrics=options.metrics,
                    access=access,
                ),
                server_name=options.host,
                server_port=options.port,
                root_path=options.root_path,
                share=options.share,
                inbrowser=options.open,
                prevent_thread_lock=True,
            )
            guard_connections(page.server.config, Rules.from_environment(), service.tally)
            adopt("uvicorn")
            if access is None and is_public(options):
                print(Text("note.open_to_all").said(options.lang or "en"))
            service.start(fetch=not options.no_fetch)  # not before the page can be opened
            ended.wait()
        except OSError:
            port = f"port {options.port}" if options.port else "a port from 7860 on"
            sys.exit(
                f"Eraser Lab cannot listen on {options.host}, {port}: another program uses it, or"
                " this machine has no such address. Choose another with --port or --host."
            )
        finally:
            end(page, service, grace())
    leave_at_once()


if __name__ == "__main__":
    main()
