"""How the commands of this folder end: their exit codes, and a sentence where they cannot go on."""

from __future__ import annotations

import sys
from collections.abc import Callable

from methods import BadInput, UserError, file_fault

DONE, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


def exit_code(act: Callable[[], int]) -> int:
    """What `act` returns; UNUSABLE or FAILED, said on standard error, where it cannot be done."""
    try:
        return act()
    except BadInput as error:
        code, said = UNUSABLE, str(error)
    except UserError as error:
        code, said = FAILED, str(error)
    except OSError as error:  # a full disk, a folder that may not be read
        code, said = FAILED, file_fault(error)
    print(f"Error: {said}", file=sys.stderr)
    return code
