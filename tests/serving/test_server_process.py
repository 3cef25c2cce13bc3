"""A real server on loopback: from the command to its end."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from bundle_samples import ROWS, scores, softmax, table_bundle
from bundles import write_watched_bundle
from server_samples import NAME

ENDS_S = 120


@contextlib.contextmanager
def server(*arguments, keys=""):
    """Start ``wellfit serve`` and yield its process and port; end it by its own id."""
    command = [sys.executable, "-m", "wellfit", "serve", "--port", "0", *map(str, arguments)]
    environment = {**os.environ, "WELLFIT_API_KEY": keys}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        line = process.stdout.readline()
        found = re.search(r"Serving at http://127.0.0.1:(\d+)", line)
        if not found:
            process.wait(ENDS_S)
            raise AssertionError(line + process.stderr.read())
        yield process, int(found[1])
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(ENDS_S)
        process.stdout.close()
        process.stderr.close()


def ask(connection, rows=ROWS, path="/predict", **headers):
    """Return status and what was answered."""
    connection.request("POST", path, json.dumps(rows), {"content-type": "application/json", **headers})
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, json.loads(text)


def connect(port):
    """Return a connection."""
    return http.client.HTTPConnection("127.0.0.1", port, timeout=ENDS_S)


def no_probability(told):
    """Return the first class's probability of the first row."""
    return told[0]["probability_no"]


class Asking(threading.Thread):
    """Asks on one connection until it is told to stop.

    Attributes:
        answers: status, and the first probability.
        errors: what went wrong.
    """

    def __init__(self, port):
        super().__init__()
        self.port, self.answers, self.errors = port, [], []
        self.is_over = threading.Event()

    def run(self):
        """Ask."""
        with contextlib.closing(connect(self.port)) as connection:
            while not self.is_over.is_set():
                try:
                    status, told = ask(connection)
                    self.answers.append((status, no_probability(told)))
                except Exception as error:
                    self.errors.append(error)
                    return


def test_the_command_serves_without_what_trains(tmp_path):
    """Neither Keras nor JAX nor polars is loaded by a server that has answered."""
    folder = table_bundle(tmp_path / NAME)
    code = f"""
import sys, threading, urllib.request, os, signal
import wellfit.serving.http._server as server
from wellfit.cli import app
def ready(self):
    pass
run = server._Server.startup
async def startup(self, sockets=None):
    await run(self, sockets)
    port = sockets[0].getsockname()[1]
    def ask():
        url = f"http://127.0.0.1:{{port}}/predict"
        body = b'{{"age": 1, "is member": true, "plan": "gold", "since": ""}}'
        print(urllib.request.urlopen(urllib.request.Request(url, body)).status)
        os.kill(os.getpid(), signal.SIGTERM)
    threading.Thread(target=ask).start()
server._Server.startup = startup
try:
    app(["serve", {str(folder)!r}, "--port", "0", "--workers", "1"])
finally:
    heavy = {{"keras", "jax", "polars", "sklearn", "pandas", "fastapi", "PIL", "optuna"}}
    print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=ENDS_S
    )
    assert done.stdout.splitlines()[-2:] == ["200", "[]"], done.stdout + done.stderr
    assert done.returncode == 0


def test_exchange_and_end_without_a_failed_request(tmp_path):
    """While clients ask, the network is exchanged twice and the server ends: every request is answered."""
    folder = table_bundle(tmp_path / NAME)
    with server(folder, "--workers", 1, "--reload", "0.1", "--drain-delay", "0.5") as (process, port):
        clients = [Asking(port) for _ in range(4)]
        for client in clients:
            client.start()
        for shift in (1.0, 2.0):
            wanted = float(softmax(scores(ROWS, shift))[0, 0])
            table_bundle(folder, shift=shift)
            began = time.monotonic()
            with contextlib.closing(connect(port)) as connection:
                while abs(no_probability(ask(connection)[1]) - wanted) > 1e-5:
                    assert time.monotonic() - began < ENDS_S
        for client in clients:
            client.is_over.set()
        for client in clients:
            client.join()
            assert client.errors == []
            assert {status for status, _ in client.answers} == {200}
        process.send_signal(signal.SIGTERM)
        assert process.wait(ENDS_S) == 0
    known = [float(softmax(scores(ROWS, shift))[0, 0]) for shift in (0.0, 1.0, 2.0)]
    values = np.array([value for client in clients for _, value in client.answers])
    assert np.abs(values[:, None] - known).min(axis=1).max() < 1e-5


def test_what_was_asked_is_answered_at_the_end(tmp_path):
    """SIGTERM comes while a body is still on its way; its answer comes, and then the server ends."""
    folder = table_bundle(tmp_path / NAME)
    with server(folder, "--workers", 1) as (process, port):
        body = json.dumps(ROWS).encode()
        head = f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", port), timeout=ENDS_S) as half:
            half.sendall(head + body[:10])
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert process.poll() is None
            half.sendall(body[10:])
            answer = http.client.HTTPResponse(half)
            answer.begin()
            assert answer.status == 200
            assert len(json.loads(answer.read())) == len(ROWS)
        assert process.wait(ENDS_S) == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="several workers need Linux")
def test_workers_count_together_and_are_started_again(tmp_path):
    """Two workers at one port: metrics add up, one that is killed is replaced, all end."""
    folder = table_bundle(tmp_path / NAME)
    with server(folder, "--workers", 2, "--access-log", keys="secret") as (process, port):
        key = {"x-api-key": "secret"}
        pids = set()
        for _ in range(40):
            with contextlib.closing(connect(port)) as connection:
                assert ask(connection, **key)[0] == 200
            pids.add(json.loads(process.stdout.readline())["process"])
        assert len(pids) == 2
        assert process.pid not in pids
        with contextlib.closing(connect(port)) as connection:
            assert ask(connection)[0] == 401
            process.stdout.readline()
            connection.request("GET", "/metrics", headers=key)
            text = connection.getresponse().read().decode()
        process.stdout.readline()
        assert 'wellfit_requests_total{dialect="plain",status="200"} 40.0' in text
        assert f'wellfit_rows_total{{model="{NAME}",version="1"}} 120.0' in text
        os.kill(min(pids), signal.SIGKILL)
        assert "started again" in process.stdout.readline()
        for _ in range(10):
            with contextlib.closing(connect(port)) as connection:
                assert ask(connection, **key)[0] == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(ENDS_S) == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="several workers need Linux")
def test_every_worker_tells_of_the_rows_of_all(tmp_path):
    """Rows that two workers counted are one window, whichever of them is asked."""
    folder = write_watched_bundle(tmp_path / "study")
    rows = [{"x": place / 100, "c": "u"} for place in range(100)]

    def counted(port):
        with contextlib.closing(connect(port)) as connection:
            connection.request("GET", "/drift")
            return [one["num_rows"] for one in json.loads(connection.getresponse().read())]

    with server(folder, "--workers", 2, "--access-log") as (process, port):
        pids = set()
        for _ in range(40):
            with contextlib.closing(connect(port)) as connection:
                assert ask(connection, rows)[0] == 200
            pids.add(json.loads(process.stdout.readline())["process"])
        assert len(pids) == 2
        said = []
        while said[-20:] != [[4000]] * 20 and len(said) < 600:
            said.append(counted(port))
            process.stdout.readline()
            time.sleep(0.05)
        assert said[-20:] == [[4000]] * 20


@pytest.mark.parametrize("workers", [1, 2])
def test_what_cannot_be_served_ends_at_once(tmp_path, workers):
    """The exit status and the message say why."""
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "bundle.json").write_text("{}")
    command = [sys.executable, "-m", "wellfit", "serve", tmp_path / NAME, "--port", "0"]
    done = subprocess.run(
        [*command, "--workers", str(workers)], capture_output=True, text=True, check=False, timeout=ENDS_S
    )
    assert done.returncode == (2 if workers == 1 else 1)
    assert "cannot be read" in done.stderr
