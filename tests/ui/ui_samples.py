"""A workbench whose studies train nothing, and a browser that has come in."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cli_samples import small_report
from fastapi.testclient import TestClient

import wellfit
from wellfit.ui import Address, Entrance, Workbench, create_app
from wellfit.ui._runs import find_run, is_running, run_names, stop_run

ADDRESS = Address("127.0.0.1", 8000)
TABLE = "age,city,bought\n" + "".join(f"{20 + i},{'Rome' if i % 2 else 'Oslo'},{i % 2}\n" for i in range(40))
STAGES = {"baseline": "the network as it is", "screen": "each remedy alone", "final": "the chosen one"}
FAKE = Path(__file__).with_name("fake_study.py")
ENDS_S = 60.0


@dataclass(frozen=True)
class Desk:
    """A workbench with its secrets and a browser.

    Attributes:
        workbench: whose studies are played by `fake_study.py`.
        entrance: its secrets.
        client: has come in by the token.
    """

    workbench: Workbench
    entrance: Entrance
    client: TestClient

    @property
    def root(self) -> Path:
        """The folder."""
        return self.workbench.root

    def post(self, url: str, **fields: str):
        """Send a form as one of the workbench's own pages does."""
        return self.client.post(url, data={"csrf": self.entrance.csrf, **fields})

    def begin(self, data: str = "rows.csv", target: str = "bought", **fields: str) -> str:
        """Start a study and return its name, once its process has told how it was started."""
        answer = self.post("/studies", path=data, target=target, **fields)
        assert answer.status_code == 303, answer.text
        name = answer.headers["location"].rpartition("/")[2]
        wait_for((self.root / f"{name}.arguments").exists)
        return name

    def ended(self, name: str) -> bool:
        """Return whether the process of a study has ended."""
        run = find_run(self.workbench, name)
        return run is not None and not is_running(self.workbench, run)

    def close(self) -> None:
        """End the processes that are left, each by its own id."""
        for name in run_names(self.workbench):
            run = find_run(self.workbench, name)
            if run is not None and is_running(self.workbench, run):
                stop_run(self.workbench, run)
                wait_for(lambda name=name: self.ended(name))
        self.client.close()


def fake_workbench(root: Path, **options: object) -> Workbench:
    """Return a workbench with one table, whose studies are played."""
    (root / "rows.csv").write_text(TABLE)
    for name, partial in (("done", ""), ("partial", "stopped by a signal")):
        folder = root / ".prepared" / name
        folder.mkdir(parents=True)
        wellfit.report.write_json(small_report(partial), folder / "report.json")
        wellfit.report.write_html(small_report(partial), folder / "report.html")
        (folder / "model.keras").write_bytes(b"a network")
    values = {"stages": STAGES, "scored": ("screen",), "command": (sys.executable, str(FAKE)), **options}
    return Workbench(root=root.resolve(), **values)  # pyright: ignore[reportArgumentType]


def new_client(workbench: Workbench, entrance: Entrance) -> TestClient:
    """Return a browser that has not come in."""
    app = create_app(workbench, entrance, ADDRESS)
    return TestClient(app, base_url=ADDRESS.origin, follow_redirects=False)


def new_desk(root: Path, **options: object) -> Desk:
    """Return a workbench and a browser that has come in."""
    workbench, entrance = fake_workbench(root, **options), Entrance()
    client = new_client(workbench, entrance)
    assert client.get("/enter", params={"token": entrance.token}).status_code == 200
    return Desk(workbench, entrance, client)


def wait_for(is_so: Callable[[], bool]) -> None:
    """Return as soon as something is so; it is an error if it never comes to be."""
    end_s = time.monotonic() + ENDS_S
    while not is_so():
        assert time.monotonic() < end_s, "it did not come about"
        time.sleep(0.01)
