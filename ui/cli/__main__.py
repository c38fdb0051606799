"""The command line: python -m methods list | fetch | doctor | erase | bench | fits | pin …

Exit codes: 0 all done; 1 an eraser or a download failed; 2 the call or its input cannot be
used; 3 an eraser is not ready, as `doctor` says; 130 interrupted. Errors are one sentence on
standard error.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

from methods import (
    BadInput,
    Limits,
    UserError,
    file_fault,
    keep_to_cores,
    leave_at_once,
    use_own_folder,
    with_their_numbers,
    write_any_text,
)
from ui.cli.commands import Command, make_parser
from ui.cli.output import DONE, FAILED, INTERRUPTED, UNUSABLE, complain


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    write_any_text()
    keep_to_cores()
    args = make_parser().parse_args(with_their_numbers(argv))
    _log(args.verbose)
    try:
        command: Command = args.command
        use_own_folder(getattr(args, "erasers_dir", None))
        _check_environment()
        return command(args)
    except KeyboardInterrupt:
        complain("Stopped.")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; nothing is left to say, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        if args.verbose and not isinstance(error, UserError):
            raise
        text, code = _told(error)
        complain(f"Error: {text}")
        return code


def _check_environment() -> None:
    """A limit that is no number is said before any work."""
    try:
        Limits.from_environment()
    except ValueError as error:
        raise BadInput("bad_environment", reason=str(error)) from error


def _told(error: Exception) -> tuple[str, int]:
    """What went wrong as a sentence, and the exit code that goes with it."""
    match error:
        case BadInput():
            return str(error), UNUSABLE
        case UserError():
            return str(error), FAILED
        case ImportError(name=str(name)):
            package = name.partition(".")[0]
            return f"{package} is missing. Run: pip install -r requirements.txt", FAILED
        case MemoryError():
            return "There is not enough memory. Close other programs, or erase less.", FAILED
        case OSError(strerror=str()):
            return file_fault(error), FAILED
    return "the program failed. Run it again with --verbose for the details.", FAILED


def _log(verbose: bool) -> None:
    """A person at the keyboard reads sentences; the log is for whoever asks for it."""
    if verbose:
        logging.basicConfig(level=logging.INFO)
    else:
        logging.getLogger().addHandler(logging.NullHandler())


if __name__ == "__main__":
    leave_at_once(main())
