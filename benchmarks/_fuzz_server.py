"""Requests of every dialect with something in them exchanged, to a real server over loopback."""

from __future__ import annotations

import csv
import io
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

from _fuzz_bytes import VALUES, json_bytes, mutated_bytes, mutated_json
from _fuzz_study import ROW, write_study
from _fuzz_target import Case

_HEADERS = (
    "Content-Type: text/csv", "Content-Type: application/json; charset=utf-16", "Content-Type: ",
    "Content-Encoding: gzip", "Transfer-Encoding: chunked", "Content-Length: -1",
    "Content-Length: 99999999999999999999", "Content-Length: 5", "Inference-Header-Content-Length: 12",
    "Inference-Header-Content-Length: -1", "Expect: 100-continue", "Accept: text/csv", "Accept: */*;q=nan",
    "Connection: upgrade", "Upgrade: websocket", "X-Api-Key: \xff", "Host: a\x00b", "Range: bytes=0-",
    "A" * 70_000, "Traceparent: 00-zz", "Accept-Encoding: gzip, br", "Cookie: a=b", ": empty",
    "Content-Type: multipart/form-data; boundary=x",
)  # fmt: skip
_ODD_PATHS = (
    "/", "//", "/predict/", "/v1/models/study/versions/9999999999999999999999:predict",
    "/v1/models/%00:predict", "/v1/models/../../etc/passwd", "/v2/models/study/versions//infer",
    "/v1/models/study:delete", "/predict?model=%ff&version=-1", "/predict?version=1e9&model=study",
    "/metrics", "/docs", "/openapi.json", "/drift", "/drift.html", "/v2", "/v2/health/ready",
    "/v1/models/study/metadata", "/ping", "/\u0661", "/v2/models/study", "/v2/models/study/ready", "*",
    "http://other/predict", "/predict?" + "a=b&" * 5000, "/drift?model=nothing",
)  # fmt: skip
_METHODS = ("GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "get", "POST\x00", "A" * 200)


class ServerFaultError(Exception):
    """An answer that blames the server, or none because it is dead."""


class Server:
    """`wellfit serve` in a process of its own.

    Args:
        samples: folder that keeps the study that is served.
    """

    refusals = ()

    def __init__(self, samples: Path) -> None:
        study = write_study(samples / "study")
        self._errors = samples / "server.txt"
        command = [
            sys.executable,
            "-m",
            "wellfit",
            "serve",
            str(study),
            "--name",
            "study",
            "--workers",
            "1",
            "--port",
            "0",
        ]
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        self._address = ("127.0.0.1", _port_of(self._process))

    def pids(self) -> tuple[int, ...]:
        """Return the server's process."""
        return (self._process.pid,)

    def close(self) -> None:
        """End the server."""
        self._process.terminate()
        self._process.wait(timeout=60)

    def draw(self, rng: Random) -> Case:
        """Return the bytes of a request."""
        path, body, headers = _request(rng)
        method = "POST" if rng.random() < 0.95 else rng.choice(_METHODS)
        if rng.random() < 0.08:
            path = rng.choice(_ODD_PATHS)
            method = "GET" if rng.random() < 0.7 else method
        if rng.random() < 0.1:
            headers = [*headers, *rng.sample(_HEADERS, rng.choice((1, 2)))]
        if rng.random() < 0.1:
            body = mutated_bytes(rng, body)
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
        if not any(line.startswith("Content-Length") for line in headers):
            lines.append(f"Content-Length: {len(body)}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogatepass")
        whole = head + body
        return Case(files={"request": mutated_bytes(rng, whole) if rng.random() < 0.05 else whole})

    def call(self, case: Case, folder: Path) -> None:
        """Ask it."""
        answer = self._ask(case.files["request"])
        status = answer[9:12]
        if status.startswith(b"5"):
            body = answer.partition(b"\r\n\r\n")[2][:200].decode("utf-8", "replace")
            raise ServerFaultError(f"{status.decode()} {body} {self._last_error()}")
        if self._process.poll() is not None:
            os._exit(86)  # so that a new one is started

    def _ask(self, request: bytes) -> bytes:
        """Return an answer; empty where the connection was closed without one."""
        try:
            connection = socket.create_connection(self._address, timeout=25)
        except OSError:
            print(f"the server is dead: {self._last_error()}", file=sys.stderr, flush=True)
            os._exit(86)
        parts = []
        with connection:
            try:
                connection.sendall(request)
                parts.append(_first_part(connection))
                connection.settimeout(2)  # it keeps a connection open if the request could be read so
                while part := connection.recv(1 << 16):
                    parts.append(part)
            except TimeoutError:
                if not parts:
                    raise ServerFaultError("no answer in 25 s") from None
            except OSError:  # it may close before it has read all
                pass
        return b"".join(parts)

    def _last_error(self) -> str:
        lines = self._errors.read_text("utf-8", "replace").strip().splitlines()
        return " | ".join(lines[-3:])


def _first_part(connection: socket.socket) -> bytes:
    """Return what comes first; a server that waits for more of the request is told that there is none."""
    connection.settimeout(3)
    try:
        return connection.recv(1 << 16)
    except TimeoutError:
        connection.settimeout(25)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(1 << 16)


def _port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    began = time.monotonic()
    for line in process.stdout:
        if "http://127.0.0.1:" in line:
            return int(line.partition("http://127.0.0.1:")[2].split("/")[0].split()[0])
        if time.monotonic() - began > 300:
            break
    raise RuntimeError("the server does not start")


def _request(rng: Random) -> tuple[str, bytes, list[str]]:
    """Return a path, a body and headers of one of the dialects."""
    rows = [dict(ROW) for _ in range(rng.choice((0, 1, 1, 2, 3)))] or [{}]
    columns = {name: [row.get(name) for row in rows] for name in ROW}
    bodies: tuple[tuple[str, Any], ...] = (
        ("/predict", rows),
        ("/predict?model=study&version=1", rows[0]),
        ("/v1/models/study:predict", {"signature_name": "serving_default", "instances": rows}),
        ("/v1/models/study/versions/1:predict", {"inputs": columns}),
        ("/v1/models/study:classify", {"examples": rows, "context": {"plan": "gold"}}),
        ("/v1/models/study:regress", {"examples": rows}),
        (
            "/v2/models/study/infer",
            {
                "id": "a",
                "parameters": {},
                "inputs": _tensors(rng, columns),
                "outputs": [{"name": "prediction"}],
            },
        ),
        ("/v2/models/study/versions/1/infer", {"inputs": _tensors(rng, columns)}),
        (
            "/invocations",
            {
                "dataframe_split": {
                    "columns": list(ROW),
                    "index": [0],
                    "data": [list(row.values()) for row in rows],
                }
            },
        ),
        ("/invocations", {"dataframe_records": rows, "params": {}}),
        ("/invocations", {"instances": rows}),
        ("/invocations", {"inputs": columns}),
    )
    if rng.random() < 0.12:
        return rng.choice(("/predict", "/invocations")), _csv(rng, rows), ["Content-Type: text/csv"]
    if rng.random() < 0.08:
        return _binary(rng)
    path, body = rng.choice(bodies)
    if rng.random() < 0.9:
        body = mutated_json(rng, body)
    return path, json_bytes(rng, body), ["Content-Type: application/json"]


def _tensors(rng: Random, columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    kinds = {"age": "FP64", "visits": "INT64", "member": "BOOL"}
    shape = [len(columns["age"]), 1] if rng.random() < 0.5 else [len(columns["age"])]
    return [
        {"name": name, "shape": shape, "datatype": kinds.get(name, "BYTES"), "data": cells}
        for name, cells in columns.items()
    ]


def _csv(rng: Random, rows: list[dict[str, Any]]) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(ROW), delimiter=rng.choice(",,;\t"))
    writer.writeheader()
    writer.writerows(
        {name: rng.choice((cell, cell, cell, rng.choice(VALUES))) for name, cell in row.items()}
        for row in rows
    )
    return mutated_bytes(rng, stream.getvalue().encode("utf-8", "surrogatepass"))


def _binary(rng: Random) -> tuple[str, bytes, list[str]]:
    """Return a request with tensors as bytes behind its JSON."""
    tails, inputs = [], []
    for name, cell in ROW.items():
        text = str(cell).encode()
        data = rng.randbytes(8) if name in ("age", "visits") else len(text).to_bytes(4, "little") + text
        kind = {"age": "FP64", "visits": "INT64"}.get(name, "BYTES")
        inputs.append(
            {"name": name, "shape": [1, 1], "datatype": kind, "parameters": {"binary_data_size": len(data)}}
        )
        tails.append(data)
    head = json_bytes(
        rng, mutated_json(rng, {"inputs": inputs}) if rng.random() < 0.6 else {"inputs": inputs}
    )
    size = len(head) if rng.random() < 0.8 else rng.choice((0, 10, 10**9))
    body = head + mutated_bytes(rng, b"".join(tails)) if rng.random() < 0.6 else head + b"".join(tails)
    return "/v2/models/study/infer", body, [f"Inference-Header-Content-Length: {size}"]
