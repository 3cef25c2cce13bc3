"""Servers of the benchmark: how each is started, asked, and measured from outside."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from _serving_bundle import tensors

PEERS = Path(__file__).with_name("_serving_peers")
_PATIENCE_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server with one way to run it.

    Attributes:
        name: of the server; its fastest way counts.
        way: how it runs.
        command: from a port and a folder for its files to what starts it.
        path: that is asked.
        body: from a row to what is sent.
        health: answered with 200 once it is ready.
        venv: that it lives in; empty for this one.
    """

    name: str
    way: str
    command: Callable[[int, Path], Sequence[str]]
    path: str
    body: Callable[[dict[str, object]], object]
    health: str
    venv: str = ""
    environment: dict[str, str] = field(default_factory=dict)


def servers(bundle: Path, venvs: Path) -> list[Server]:
    """Return all that are installed; ours first, asked as each peer is asked."""

    def python(venv: str, name: str = "python") -> str:
        return str(venvs / venv / "bin" / name)

    def own(port: int, folder: Path) -> list[str]:
        command = "serve", str(bundle), "--name", "rows", "--port", str(port), "--workers", "1"
        return [sys.executable, "-m", "wellfit", *command]

    def litserve(size: int) -> Callable[[int, Path], list[str]]:
        return lambda port, folder: [
            python("litserve"),
            str(PEERS / "litserve_app.py"),
            str(port),
            str(size),
        ]

    def bento(name: str) -> Callable[[int, Path], list[str]]:
        return lambda port, folder: [
            python("bentoml", "bentoml"),
            "serve",
            f"bento_app:{name}",
            "--working-dir",
            str(PEERS),
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ]

    def mlserver(size: int) -> Callable[[int, Path], list[str]]:
        return lambda port, folder: _mlserver(python("mlserver", "mlserver"), port, folder, size)

    def v2(row: dict[str, object]) -> object:
        return {"inputs": tensors(row)}

    infer, health = "/v2/models/rows/infer", "/v2/health/ready"
    found = [
        Server(name="wellfit", way="rows", command=own, path="/predict", body=dict, health=health),
        Server(name="wellfit", way="v2", command=own, path=infer, body=v2, health=health),
        *(
            Server(
                name="litserve",
                way=way,
                command=litserve(size),
                path="/predict",
                body=dict,
                health="/health",
                venv="litserve",
            )
            for way, size in (("single", 1), ("batched", 64))
        ),
        *(
            Server(
                name="bentoml",
                way=way,
                command=bento(name),
                path="/predict",
                body=body,
                health="/readyz",
                venv="bentoml",
                environment={"BENTOML_DO_NOT_TRACK": "True"},
            )
            for way, name, body in (
                ("single", "Rows", lambda row: {"row": row}),
                ("batched", "Batched", lambda row: {"row": [row]}),
            )
        ),
        *(
            Server(
                name="mlserver",
                way=way,
                command=mlserver(size),
                path=infer,
                body=v2,
                health="/v2/models/rows/ready",
                venv="mlserver",
            )
            for way, size in (("single", 0), ("batched", 64))
        ),
    ]
    return [one for one in found if not one.venv or Path(python(one.venv)).exists()]


def _mlserver(program: str, port: int, folder: Path, batch: int) -> list[str]:
    """Write MLServer's settings: no worker processes, which cost time where there is one core."""
    settings = {
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": free_port(),
        "metrics_port": free_port(),
        "parallel_workers": 0,
        "debug": False,
        "gzip_enabled": False,
        "environments_dir": str(folder / "envs"),
        "metrics_dir": str(folder / "metrics"),
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    model: dict[str, object] = {
        "name": "rows",
        "implementation": "mlserver_app.Rows",
        "parallel_workers": 0,
    }
    if batch:
        model |= {"max_batch_size": batch, "max_batch_time": 0.001}
    (folder / "model-settings.json").write_text(json.dumps(model))
    return [program, "start", str(folder)]


@contextlib.contextmanager
def running(server: Server, bundle: Path, folder: Path, core: str) -> Iterator[tuple[int, int, float]]:
    """Start a server on one core; yield its process, its port and the seconds until it was ready."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = {
        **os.environ,
        **server.environment,
        "MODEL": str(bundle / "model.onnx"),
        "PYTHONPATH": os.pathsep.join([str(PEERS), os.environ.get("PYTHONPATH", "")]),
        "OMP_NUM_THREADS": "1",
    }
    if server.venv:
        environment["PYTHONPATH"] = str(PEERS)
    command = ["taskset", "-c", core, *server.command(port, folder)]
    began = time.perf_counter()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, env=environment, start_new_session=True
        )
        try:
            _wait(process, port, server.health, folder / "log")
            yield process.pid, port, time.perf_counter() - began
        finally:
            _end(process)


def free_port() -> int:
    """Return a port that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def memory_mb(pid: int) -> float:
    """Return the memory of a process and its children; what they share counts once."""
    total = 0
    for one in [pid, *_children(pid)]:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


def cpu_s(pid: int) -> float:
    """Return the processor time of a process and its children so far."""
    ticks = 0
    for one in [pid, *_children(pid)]:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, task.read_text().split())
    return found + [deeper for child in found for deeper in _children(child)]


def _wait(process: subprocess.Popen[bytes], port: int, health: str, log: Path) -> None:
    began = time.perf_counter()
    while time.perf_counter() - began < _PATIENCE_S:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text(errors='replace')[-2000:]}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", health)
            if connection.getresponse().status == 200:
                return
        connection.close()
        time.sleep(0.005)
    raise RuntimeError(f"the server is not ready: {log.read_text(errors='replace')[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server with its children: they are a group of their own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(20)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)
