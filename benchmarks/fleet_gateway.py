"""The gateway under ten thousand terminals, generator on the same cores: what is acknowledged is kept once, how long an answer takes, what it costs.

`python -m benchmarks.fleet_gateway` runs 30 s; `--seconds 600` the ten minutes of the README; `--kill-after 15` ends the gateway with `kill -9` under load and
begins it anew. The bare server (`fleet_bare`: one fsync a batch, nothing else) gets the same load in the same run, so that costs can be compared.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.common import Table

SETTLED_AFTER_S = 20.0  # memory is judged from then on: buffers and caches are there


@dataclass
class Watched:
    """A server process, by its own CPU seconds and memory, once a second."""

    process: psutil.Process
    rows: list[tuple[float, float, float]] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Until it is over."""
        while not self.is_over.wait(1.0):
            try:
                with self.process.oneshot():
                    cpu = self.process.cpu_times()
                    self.rows.append((time.time(), cpu.user + cpu.system, self.process.memory_info().rss / 1e6))
            except psutil.Error:
                return

    def between(self, begin_s: float, end_s: float) -> list[tuple[float, float, float]]:
        """Rows of a span of the wall's clock."""
        return [row for row in self.rows if begin_s <= row[0] <= end_s]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def python(*words: object, **how: Any) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", *map(str, words)], text=True, **how)


def wait_for(port: int, process: subprocess.Popen[str]) -> float:
    """Seconds until it listens."""
    begin_s = time.monotonic()
    while process.poll() is None:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return time.monotonic() - begin_s
        time.sleep(0.05)
    raise SystemExit(f"the server ended with {process.returncode}")


@contextmanager
def watched(process: subprocess.Popen[str]) -> Iterator[Watched]:
    seen = Watched(psutil.Process(process.pid))
    thread = threading.Thread(target=seen.watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        seen.is_over.set()
        thread.join()


def loaded(asked: argparse.Namespace, port: int, folder: Path, tokens: Path | None) -> subprocess.Popen[str]:
    words: list[object] = ["benchmarks.fleet_load", f"127.0.0.1:{port}", "--terminals", asked.terminals, "--rate", asked.rate]
    words += ["--alarms", asked.alarms, "--seconds", asked.seconds, "--out", folder / "load.npz"]
    return python(*words, *(["--tokens", tokens] if tokens else []), stdout=subprocess.PIPE)


def cost(seen: Watched, load: dict[str, Any]) -> dict[str, float]:
    """CPU of the server a location, cores, memory: over the span in which locations were sent."""
    lines = [line for line in load["timeline"] if line["acked"] > 0]
    begin_s, end_s = lines[0]["wall_s"], lines[-1]["wall_s"]
    rows = seen.between(begin_s, end_s)
    if len(rows) < 3:
        return {}
    spent_s, took_s = rows[-1][1] - rows[0][1], rows[-1][0] - rows[0][0]
    acked = lines[-1]["acked"] - lines[0]["acked"]
    late = [row for row in rows if row[0] > begin_s + SETTLED_AFTER_S] or rows
    slope = float(np.polyfit([row[0] for row in late], [row[2] for row in late], 1)[0]) * 60 if len(late) > 2 else 0.0
    return {"cores": spent_s / took_s, "us": spent_s / max(1, acked) * 1e6, "rss_mb": rows[-1][2], "slope_mb_min": slope}


def run_kept(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    vault, tokens, port = folder / "vault", folder / "tokens.json", free_port()
    python("benchmarks.fleet_kept", "enrol", vault, asked.terminals, 1, tokens).wait()
    server = python("benchmarks.fleet_kept", "serve", vault, port, stdout=subprocess.PIPE)
    wait_for(port, server)
    restart: dict[str, Any] = {}
    with watched(server) as seen:
        load = loaded(asked, port, folder, tokens)
        if asked.kill_after:
            server, restart = killed(asked, server, vault, port, load)
        said = json.loads(load.communicate()[0])
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=60)
    python("benchmarks.fleet_kept", "dump", vault, folder / "kept.npz", asked.terminals, 1).wait()
    return {"load": said, "cost": cost(seen, said), **restart, **compared(folder)}


def killed(
    asked: argparse.Namespace, server: subprocess.Popen[str], vault: Path, port: int, load: subprocess.Popen[str]
) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """`kill -9` so many seconds after it is busy, and a new one at once."""
    deadline_s = time.monotonic() + 200
    while psutil.Process(server.pid).num_fds() < asked.terminals and time.monotonic() < deadline_s and load.poll() is None:
        time.sleep(0.5)
    time.sleep(asked.kill_after)
    server.kill()
    server.wait()
    again = python("benchmarks.fleet_kept", "serve", vault, port, stdout=subprocess.PIPE)
    return again, {"listens_again_after_s": wait_for(port, again)}


def compared(folder: Path) -> dict[str, int]:
    """What the terminals were told, against what the journal holds: by terminal, serial and second."""
    with np.load(folder / "load.npz") as load, np.load(folder / "kept.npz") as journal:
        acked, sent, kept = load["acked"], load["sent"], journal["kept"]
    return {
        "kept": len(kept),
        "lost": len(np.setdiff1d(acked, kept)),
        "doubled": len(kept) - len(np.unique(kept)),
        "unheard_of": len(np.setdiff1d(kept, sent)),
    }


def run_bare(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    port = free_port()
    server = python("benchmarks.fleet_bare", port, folder / "raw.bin")
    wait_for(port, server)
    with watched(server) as seen:
        load = loaded(asked, port, folder, None)
        said = json.loads(load.communicate()[0])
    server.terminate()
    server.wait()
    return {"load": said, "cost": cost(seen, said)}


def shown_waits(waits: dict[str, float]) -> str:
    return ", ".join(f"{waits[name]:.0f}" for name in ("p50", "p99", "p99.9", "max")) if waits else "none"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--terminals", type=int, default=10_000)
    asked.add_argument("--rate", type=float, default=5_000.0, help="locations a second")
    asked.add_argument("--alarms", type=float, default=10.0, help="alarms a second")
    asked.add_argument("--seconds", type=float, default=30.0)
    asked.add_argument("--kill-after", type=float, default=0.0, help="seconds until kill -9; 0: never")
    asked.add_argument("--no-bare", action="store_true", help="leave the bare server out")
    asked.add_argument("--folder", type=Path, help="where the vault lies; default: a temporary folder")
    words = asked.parse_args()
    os.environ.setdefault("PYTHONPATH", os.pathsep.join(("src", ".")))
    folder = Path(tempfile.mkdtemp(prefix="fleet-gateway-", dir=words.folder))
    try:
        runs = {"gateway": run_kept(words, folder)}
        if not words.no_bare:
            runs["bare"] = run_bare(words, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tell(words, runs)


def tell(asked: argparse.Namespace, runs: dict[str, dict[str, Any]]) -> None:
    table = Table(
        [
            "server",
            "terminals",
            "locations/s",
            "answered in ms: p50, p99, p99.9, max",
            "alarm → warning in ms",
            "cores",
            "µs a location",
            "MB",
            "MB/min",
            "generator, cores",
        ]
    )
    for name, run in runs.items():
        load, spent = run["load"], run["cost"]
        figures = [spent.get(key, 0.0) for key in ("cores", "us", "rss_mb", "slope_mb_min")]
        table.add(
            name, load["connected_at_begin"], load["rate"], shown_waits(load["wait_ms"]), shown_waits(load["warning_ms"]), *figures, load["generator_cores"]
        )
    print(table)
    run = runs["gateway"]
    load = run["load"]
    print(f"\nSent {load['sent']:,}, acknowledged {load['acknowledged']:,}, in the journal {run['kept']:,}: acknowledged and lost {run['lost']}, ", end="")
    print(f"doubled {run['doubled']}, never sent {run['unheard_of']}; never acknowledged {load['unanswered']}; alarms {load.get('alarms', 0)}, ", end="")
    print(f"without a warning {load['warnings_missing']}.")
    if "listens_again_after_s" in run:
        back = load["back_s"]
        print(
            f"`kill -9` after {asked.kill_after:.0f} s: listens again after {run['listens_again_after_s']:.1f} s; {load.get('links_lost', 0)} links lost, ",
            end="",
        )
        print(f"{load['connected_at_end']} back, half in {back.get('p50', 0):.1f} s, the last in {back.get('max', 0):.1f} s.")
    if "bare" in runs and runs["bare"]["cost"] and run["cost"]:
        print(f"CPU a location, gateway to bare server: {run['cost']['us'] / runs['bare']['cost']['us']:.1f}.")


if __name__ == "__main__":
    main()
