"""An alias of the command line: python -m methods … is python -m ui.cli …"""

from __future__ import annotations

import sys

from methods._system.console import leave_at_once


def start() -> int:
    """Run the command line; a sentence where the packages that it needs are not installed."""
    try:
        from ui.cli.__main__ import main
    except ModuleNotFoundError as missing:
        sys.stderr.write(
            f"Error: {missing.name} is missing. Run: pip install -r requirements.txt\n"
        )
        return 1
    return main()


if __name__ == "__main__":
    leave_at_once(start())
