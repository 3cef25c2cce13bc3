"""``wellfit ui`` as a process: what it prints, whom it lets in, and how it ends."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from cli_samples import run_command
from ui_samples import TABLE


def test_without_the_extra_one_line_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    """Who installed wellfit alone reads what to install, and no traceback."""
    found = importlib.util.find_spec
    monkeypatch.setattr("wellfit.cli._ui.find_spec", lambda name: None if name == "uvicorn" else found(name))
    assert run_command(monkeypatch, "ui", str(tmp_path)) == 2
    assert capsys.readouterr().err == "Error: the workbench needs more packages: pip install 'wellfit[ui]'\n"


def test_a_folder_that_is_not_there(tmp_path, monkeypatch, capsys):
    """It is not made: the name may be misspelled."""
    assert run_command(monkeypatch, "ui", str(tmp_path / "nowhere")) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


@pytest.fixture
def server(tmp_path):
    """Return a running workbench and the address that it printed."""
    (tmp_path / "rows.csv").write_text(TABLE)
    process = subprocess.Popen(
        [sys.executable, "-m", "wellfit", "ui", str(tmp_path), "--no-open", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    found = re.search(r"http://127\.0\.0\.1:\d+/enter\?token=\S+", "".join(lines))
    yield process, found[0] if found else "".join(lines)
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def test_it_serves_who_has_the_address(server):
    """The printed address lets a browser in; without it nothing is shown; Ctrl-C ends it with status 0."""
    process, url = server
    origin = url.partition("/enter")[0]
    with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(origin):
        pass
    assert refused.value.code == 403
    refused.value.close()
    with urllib.request.urlopen(url) as answer:
        cookie = answer.headers["set-cookie"].partition(";")[0]
    page = urllib.request.Request(origin, headers={"Cookie": cookie})
    with urllib.request.urlopen(page) as answer:
        assert "rows.csv" in answer.read().decode()
        assert "server" not in answer.headers
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(60) == 0
    assert process.stderr.read() == ""


STARTED = """
import sys
from fastapi.testclient import TestClient
import wellfit.cli
from wellfit.ui import Address, Entrance, Workbench, create_app
from pathlib import Path

entrance, address = Entrance(), Address("127.0.0.1", 8000)
client = TestClient(create_app(Workbench(root=Path.cwd()), entrance, address), base_url=address.origin)
client.get("/enter", params={"token": entrance.token})
print("rows.csv" in client.get("/").text, *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_the_first_page_waits_for_nothing_heavy(tmp_path):
    """What takes seconds to import is not imported before a page needs it."""
    (tmp_path / "rows.csv").write_text(TABLE)
    command = [sys.executable, "-c", STARTED]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()
    assert told[0] == "True"
    heavy = {
        "jax",
        "keras",
        "tensorflow",
        "torch",
        "sklearn",
        "scipy",
        "polars",
        "optuna",
        "matplotlib",
        "PIL",
    }
    assert heavy & set(told) == set()


def test_a_port_that_is_taken(server, tmp_path, monkeypatch, capsys):
    """It says so and how to go on."""
    port = re.search(r":(\d+)/", server[1])
    assert port
    assert run_command(monkeypatch, "ui", str(tmp_path), "--no-open", "--port", port[1]) == 2
    assert "cannot listen there" in capsys.readouterr().err
