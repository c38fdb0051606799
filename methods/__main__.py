"""An alias of the command line: python -m methods … is python -m ui.cli …"""

from __future__ import annotations

import sys

from ui.cli.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
