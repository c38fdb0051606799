"""Fetching from a model hub: ours beside the hub's own client, on the loopback hub.

    python tests/bench/hub_bench.py                 2 GB, 3 ms before each answer, 3 rounds
    python tests/bench/hub_bench.py --gigabytes 0.5 --rounds 5 --folder /mnt/disk

Each round runs both in turn, in processes of their own, and compares them within the round, so
that other programs on the machine disturb both alike. Ours has also hashed the file at its end;
the client has not. Then what happens to what has come when something goes wrong: bytes that the
content host sent, as a multiple of the file's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from loopback_hub import Answer, Break, Hold, Hub, Trouble, loopback_hub  # noqa: E402

REPO, NAME = "bench/net", "net.bin"

OURS = """
import sys
from methods._base import HubFile, WeightFile
from methods._weights.store import fetch
repo, path, commit, size, sha256 = sys.argv[1:]
fetch(WeightFile(name=path, sources=(HubFile(repo, path, commit),), size=int(size),
                 sha256=sha256, license="MIT"))
"""
CLIENT = """
import sys
from huggingface_hub import hf_hub_download
repo, path, commit, size, sha256 = sys.argv[1:]
hf_hub_download(repo, path, revision=commit)
"""
PROGRAMS = {"ours": OURS, "hf download": CLIENT}


class Bench:
    """One file at one hub, fetched by either program into an empty place."""

    def __init__(self, hub: Hub, file: Path, folder: Path) -> None:
        self.hub, self.file, self.folder = hub, file, folder
        commit = hub.publish(REPO, {NAME: file})
        content = hub.repos[REPO].commits[commit][NAME]
        self.size = content.size
        self._words = [REPO, NAME, commit, str(content.size), content.sha256]

    def begin(self, who: str, *, fresh: bool = True) -> subprocess.Popen[bytes]:
        """Start a program; fresh: with nothing of the file here."""
        home = self.folder / who.replace(" ", "-")
        if fresh:
            shutil.rmtree(home, ignore_errors=True)
        places = {"HF_HOME": str(home / "hf"), "ERASER_LAB_WEIGHTS": str(home / "weights")}
        more = {"HF_ENDPOINT": self.hub.endpoint, "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAMS[who], *self._words],
            cwd=ROOT,
            env=os.environ | places | more,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def timed(self, who: str) -> float:
        """Seconds of a whole fetch, with the program's start."""
        start = time.perf_counter()
        if self.begin(who).wait() != 0:
            raise RuntimeError(f"{who} failed")
        return time.perf_counter() - start

    def sent(self, run: Callable[[], bool]) -> str:
        """What was sent during `run`, as a multiple of the file; with whether it came whole."""
        before = self.hub.sent
        whole = run()
        times = (self.hub.sent - before) / self.size
        return f"{times:.2f} x" + ("" if whole else ", and it failed")

    def with_troubles(self, who: str, troubles: list[Trouble]) -> str:
        """One fetch with these in its way."""
        self.hub.troubles[REPO, NAME] = list(troubles)
        result = self.sent(lambda: self.begin(who).wait() == 0)
        self.hub.troubles.clear()
        return result

    def killed_halfway(self, who: str) -> str:
        """Ended by the user after half of the file, and begun once more."""

        def run() -> bool:
            self.hub.held.clear()
            self.hub.released.clear()
            self.hub.troubles[REPO, NAME] = [Hold(self.size // 2)]
            program = self.begin(who)
            self.hub.held.wait()
            time.sleep(0.5)  # for what is on the line
            program.send_signal(signal.SIGKILL)
            program.wait()
            self.hub.released.set()
            return self.begin(who, fresh=False).wait() == 0

        return self.sent(run)


def speed(bench: Bench, rounds: int) -> None:
    """The table of times; the figures are ratios within a round."""
    print(f"{bench.size / 1e9:.1f} GB, {1e3 * bench.hub.latency:.0f} ms before each answer")
    ratios = []
    for number in range(rounds):
        ours, client = bench.timed("ours"), bench.timed("hf download")
        ratios.append(ours / client)
        print(f"  round {number + 1}: ours {ours:.2f} s, hf download {client:.2f} s,"
              f" ratio {ours / client:.2f}")  # fmt: skip
    print(f"  median ratio {statistics.median(ratios):.2f}")


def losses(bench: Bench) -> None:
    """The table of what is sent again."""
    piece = bench.size // 9
    scenes: dict[str, Callable[[str], str]] = {
        "8 breaks": lambda who: bench.with_troubles(who, [Break(piece)] * 8),
        "a break, then 503 once": lambda who: bench.with_troubles(
            who, [Break(piece), Answer(503, at_content=True)]
        ),
        "killed halfway, begun again": bench.killed_halfway,
    }
    print(f"{'sent in all':30} {'ours':>22} {'hf download':>22}")
    for name, scene in scenes.items():
        print(f"{name:30} {scene('ours'):>22} {scene('hf download'):>22}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--latency", type=float, default=3.0, help="milliseconds (3)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to work; a disk with three files' room")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder, loopback_hub() as hub:
        file = Path(folder) / "published.bin"
        with open(file, "wb") as out:
            out.write(b"PK\x03\x04")
            for _ in range(int(args.gigabytes * 1e9) >> 20):
                out.write(os.urandom(1 << 20))
        hub.latency = args.latency / 1e3
        bench = Bench(hub, file, Path(folder))
        speed(bench, args.rounds)
        losses(bench)


if __name__ == "__main__":
    main()
