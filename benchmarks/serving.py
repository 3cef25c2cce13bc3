"""How fast `wellfit serve` answers single rows, beside LitServe, BentoML and MLServer with one ONNX file.

``python benchmarks/serving.py [--quick] [--json FILE] [--venvs FOLDER] [--soak MINUTES]``. Needs
``pip install '.[bench,serve]'``, Linux with two cores, and each peer in an environment of its own:
``python -m venv FOLDER/litserve && FOLDER/litserve/bin/pip install litserve onnxruntime``, likewise
``bentoml`` and ``mlserver``. Peers that are not there are left out.

Each server has one core and the client another. A server is asked by 1, 2, 4, 16 and 64 connections, each of
which asks again as soon as it was answered. Peers that batch are run with and without; the faster way counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _figures import Figure, print_table, write_json
from _serving_bundle import rows, write_bundle
from _serving_servers import Server, cpu_s, memory_mb, running, servers

CLIENT = Path(__file__).with_name("_serving_client.py")
LEVELS = (1, 2, 4, 16, 64)
NEAR = 0.95
WITHIN_MS = 10.0
SERVER_CORE, CLIENT_CORE = "0", "1"
LOAD = 0.7
PACKAGES = ("wellfit", "onnxruntime", "uvicorn", "uvloop", "httptools", "numpy")


@dataclass(frozen=True, kw_only=True)
class Level:
    """What a number of connections got: answers a second, latencies, errors, processor time of the server."""

    connections: int
    per_s: float
    p50_ms: float
    p99_ms: float
    errors: int
    cpu_ms: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A server under load.

    Attributes:
        server: which.
        levels: by the number of connections.
        ready_s: from start to the first answer.
        memory_mb: after the load.
    """

    server: Server
    levels: tuple[Level, ...]
    ready_s: float
    memory_mb: float

    @property
    def most(self) -> Level:
        """The level with most answers a second."""
        return max(self.levels, key=lambda level: level.per_s)

    @property
    def best(self) -> Level:
        """The level with the shortest 99th percentile of those with most answers, or nearly as many."""
        near = [level for level in self.levels if level.per_s >= NEAR * self.most.per_s]
        return min(near, key=lambda level: level.p99_ms)

    def within(self, p99_ms: float) -> Level:
        """The level with most answers a second among those that keep a latency; else the quickest."""
        kept = [level for level in self.levels if level.p99_ms <= p99_ms]
        return (
            max(kept, key=lambda level: level.per_s) if kept else min(self.levels, key=lambda one: one.p99_ms)
        )


def measure(folder: Path, venvs: Path, quick: bool, soak_minutes: float) -> list[Figure]:
    """Return all figures."""
    bundle = write_bundle(folder / "bundle-of-rows")
    seconds = 3.0 if quick else 10.0
    found: list[Measured] = []
    for server in servers(bundle, venvs):
        try:
            found.append(_measured(server, bundle, folder, seconds))
        except RuntimeError as error:
            print(f"{server.name} {server.way} is left out: {error}", file=sys.stderr)
    own = [one for one in found if one.server.name == "wellfit"]
    peers = [one for one in found if one.server.name != "wellfit"]
    figures = _compared(own, peers)
    figures += _under_load(own[0], bundle, folder, seconds, soak_minutes)
    return figures


def _measured(server: Server, bundle: Path, folder: Path, seconds: float) -> Measured:
    levels: list[Level] = []
    with running(server, bundle, folder / f"{server.name}-{server.way}", SERVER_CORE) as (pid, port, ready_s):
        _ask(server, port, connections=4, seconds=1.0)  # what is only needed once is not measured
        for connections in LEVELS:
            before = cpu_s(pid)
            told = _ask(server, port, connections=connections, seconds=seconds, warm_s=0.0)
            used = cpu_s(pid) - before
            levels.append(
                Level(
                    connections=connections,
                    per_s=told["per_s"],
                    p50_ms=told["p50_ms"],
                    p99_ms=told["p99_ms"],
                    errors=told["errors"],
                    cpu_ms=1e3 * used / max(1, told["count"]),
                )
            )
            last = levels[-1]
            print(
                f"{server.name:<9}{server.way:<8}{connections:>4} connections {last.per_s:>8,.0f} a second  "
                f"p50 {last.p50_ms:7.2f} ms  p99 {last.p99_ms:7.2f} ms  "
                f"cpu {last.cpu_ms:6.3f} ms  errors {last.errors}",
                flush=True,
            )
        memory = memory_mb(pid)
    return Measured(server=server, levels=tuple(levels), ready_s=ready_s, memory_mb=memory)


def _ask(
    server: Server, port: int, *, connections: int, seconds: float, rate: float = 0.0, warm_s: float = 1.0
) -> dict[str, Any]:
    """Let the client ask, on a core of its own."""
    job = {
        "host": "127.0.0.1",
        "port": port,
        "path": server.path,
        "bodies": [json.dumps(server.body(row)) for row in rows(200)],
        "connections": connections,
        "seconds": seconds,
        "warm_s": warm_s,
        "rate": rate,
    }
    command = ["taskset", "-c", CLIENT_CORE, sys.executable, str(CLIENT)]
    done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _compared(own: Sequence[Measured], peers: Sequence[Measured]) -> list[Figure]:
    """Return throughput over that of the best peer, at the latency that the peer has where it is best.

    A peer that is no quicker with more connections is best with few, where nobody waits.

    MLServer is asked in the V2 protocol alone, so ours is asked in it, too, where the two are compared.
    """
    by_way = {one.server.way: one for one in own}
    figures: list[Figure] = []
    ratios: dict[str, float] = {}
    patient: dict[str, float] = {}
    for peer in peers:
        rival = by_way["v2" if peer.server.name == "mlserver" else "rows"]
        ratio = rival.within(peer.best.p99_ms).per_s / peer.best.per_s
        name = peer.server.name
        ratios[name] = min(ratio, ratios.get(name, ratio))
        ratio = rival.within(WITHIN_MS).per_s / peer.within(WITHIN_MS).per_s
        patient[name] = min(ratio, patient.get(name, ratio))
        key = f"{name}_{peer.server.way}"
        figures += [
            Figure(name=f"{key}_per_s", value=peer.best.per_s),
            Figure(name=f"{key}_p99_ms", value=peer.best.p99_ms, unit="ms"),
            Figure(name=f"{key}_cpu_ms", value=peer.best.cpu_ms, unit="ms"),
            Figure(name=f"{key}_ready_s", value=peer.ready_s, unit="s"),
            Figure(name=f"{key}_memory_mb", value=peer.memory_mb, unit="MB"),
        ]
    if ratios:
        worst = min(ratios.values())
        figures.insert(0, Figure(name="throughput_ratio_best_peer", value=worst, goal=">= 2"))
    figures += [Figure(name=f"throughput_ratio_{name}", value=ratio) for name, ratio in ratios.items()]
    figures += [
        Figure(name=f"throughput_ratio_{name}_within_10_ms", value=ratio) for name, ratio in patient.items()
    ]
    for way, one in by_way.items():
        figures.append(Figure(name=f"wellfit_{way}_per_s", value=one.most.per_s))
        figures.append(Figure(name=f"wellfit_{way}_cpu_ms", value=one.most.cpu_ms, unit="ms"))
    figures += [
        Figure(name="ready_s", value=min(one.ready_s for one in own), unit="s", goal="<= 2"),
        Figure(name="memory_mb", value=own[0].memory_mb, unit="MB"),
    ]
    return figures


def _under_load(
    own: Measured, bundle: Path, folder: Path, seconds: float, soak_minutes: float
) -> list[Figure]:
    """Return latencies at 70 % of what the server can do, and what a long time of it brings."""
    rate = LOAD * own.most.per_s
    with running(own.server, bundle, folder / "load", SERVER_CORE) as (pid, port, _):
        told = _ask(own.server, port, connections=64, seconds=seconds, rate=rate)
        before = memory_mb(pid)
        soaked = told
        if soak_minutes:
            soaked = _ask(own.server, port, connections=64, seconds=60 * soak_minutes, rate=rate)
        grown = memory_mb(pid) - before
    return [
        Figure(name="p50_ms", value=told["p50_ms"], unit="ms"),
        Figure(name="p99_ms", value=told["p99_ms"], unit="ms"),
        Figure(name="load_per_s", value=told["per_s"]),
        Figure(name="soak_errors", value=soaked["errors"], goal="<= 0"),
        Figure(name="soak_requests", value=soaked["count"]),
        Figure(name="soak_p99_ms", value=soaked["p99_ms"], unit="ms"),
        Figure(name="soak_memory_growth_mb", value=grown, unit="MB"),
    ]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="three seconds for each level")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--venvs", type=Path, metavar="FOLDER", default=Path(".peers"))
    parser.add_argument("--soak", type=float, metavar="MINUTES", default=0.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), chosen.venvs.absolute(), chosen.quick, chosen.soak)
    print_table("Serving single rows", figures)
    write_json(chosen.json, figures, PACKAGES)


if __name__ == "__main__":
    main()
