"""Studies as processes of their own: started, watched, stopped, begun again, and never lost."""

import asyncio
import json
import os
import signal
import threading

import pytest
from ui_samples import Desk, new_client, new_desk, wait_for

from wellfit.ui import Entrance
from wellfit.ui._runs import find_run, is_running
from wellfit.ui._tail import read_events, told


@pytest.fixture
def desk(tmp_path):
    """Return a workbench and a browser that has come in."""
    made = new_desk(tmp_path)
    yield made
    made.close()


def go(desk: Desk) -> None:
    """Let the played studies come to their end."""
    (desk.root / "go").touch()


def messages(text: str) -> list[dict[str, str]]:
    """Return the fields of each server-sent event."""
    found = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    return [dict(line.partition(": ")[::2] for line in block.splitlines()) for block in found]


def test_a_study_is_the_command_line(desk: Desk):
    """What was chosen becomes arguments of ``wellfit improve``, and nothing goes through a shell."""
    (desk.root / "net.keras").write_bytes(b"")
    chosen = {"amount": "40", "unit": " members", "seed": "7", "model": "net.keras", "ensemble": "1"}
    more = {"kind-0": "category", "kind-2": "category", "holdout": "0.25", "metric": "accuracy; rm -rf ."}
    name = desk.begin(**chosen, **more, group="city")
    assert name == "wellfit-rows"
    assert json.loads((desk.root / f"{name}.arguments").read_text()) == [
        "improve",
        "--target=bought",
        "--budget=40 members",
        "--seed=7",
        "--column=age=category",
        "--group=city",
        "--model=net.keras",
        "--holdout=0.25",
        "--metric=accuracy; rm -rf .",
        "--ensemble",
        "--out=wellfit-rows",
        "--progress=.wellfit/wellfit-rows/progress.jsonl",
        "--",
        "rows.csv",
    ]


def test_a_study_is_watched_to_its_report(desk: Desk):
    """The page is live while the process lives; all events come, then the end; then the result is shown."""
    name = desk.begin()
    page = desk.client.get(f"/studies/{name}").text
    assert f'data-events="/studies/{name}/events"' in page
    assert "each remedy alone" in page
    go(desk)
    wait_for(lambda: desk.ended(name))
    *told_events, end = messages(desk.client.get(f"/studies/{name}/events").text)
    events = [event for message in told_events for event in json.loads(message["data"])]
    assert [event["done"] for event in events] == [0, 1, 2, 3]
    assert events[1]["message"] == "<b>column</b> 'id' is left out"
    assert end["event"] == "end"
    assert "Overfitting" in desk.client.get(f"/studies/{name}").text


def test_a_browser_that_comes_back_gets_the_rest(desk: Desk):
    """The id of a message is the place in the file after it, and events go on from there."""
    name = desk.begin()
    go(desk)
    wait_for(lambda: desk.ended(name))
    path = desk.root / ".wellfit" / name / "progress.jsonl"
    first_line = path.read_bytes().index(b"\n") + 1
    answer = desk.client.get(f"/studies/{name}/events", headers={"last-event-id": str(first_line)})
    first, end = messages(answer.text)
    assert [event["done"] for event in json.loads(first["data"])] == [1, 2, 3]
    assert int(first["id"]) == path.stat().st_size
    assert end["event"] == "end"


def test_events_come_while_the_study_runs(desk: Desk):
    """The first message is there long before the end, and the end comes once the process has ended."""
    name = desk.begin()
    run = find_run(desk.workbench, name)
    assert run is not None

    async def watch() -> list[str]:
        stream, seen = told(desk.workbench, run, 0, threading.Event()), []
        async for message in stream:
            if not message.startswith(":"):
                seen.append(message)
            if '"done": 3' in message:
                assert is_running(desk.workbench, run)
                go(desk)
        return seen

    seen = asyncio.run(watch())
    assert seen[-1].startswith("event: end")


def test_a_workbench_that_closes_does_not_wait_for_the_study(desk: Desk):
    """The stream ends without an end of the study, which goes on."""
    name = desk.begin()
    run = find_run(desk.workbench, name)
    assert run is not None
    closing = threading.Event()

    async def watch() -> list[str]:
        seen = []
        async for message in told(desk.workbench, run, 0, closing):
            seen.append(message)
            closing.set()
        return seen

    assert not any(message.startswith("event: end") for message in asyncio.run(watch()))
    assert is_running(desk.workbench, run)


def test_lines_that_are_not_whole_wait(tmp_path):
    """A line without its end is read the next time; what is no JSON object is left out."""
    path = tmp_path / "progress.jsonl"
    path.write_bytes(b'{"done": 1}\nnonsense\n[1]\n{"done"')
    events, offset = read_events(path, 0)
    assert events == [{"done": 1}]
    with path.open("ab") as stream:
        stream.write(b": 2}\n")
    assert read_events(path, offset) == ([{"done": 2}], path.stat().st_size)
    assert read_events(tmp_path / "nowhere", 5) == ([], 5)


def test_stop_keeps_what_there_is(desk: Desk):
    """The process gets the signal of Ctrl-C, by its own id; its partial result is shown as such."""
    name = desk.begin()
    other = desk.begin()
    assert desk.post(f"/studies/{name}/stop").headers["location"] == f"/studies/{name}"
    wait_for(lambda: desk.ended(name))
    assert "Partial result" in desk.client.get(f"/studies/{name}").text
    assert not desk.ended(other), "two studies run at once, and only one was stopped"
    assert desk.post(f"/studies/{name}/stop").status_code == 303, "a late stop does no harm"


def test_begun_again_with_what_was_found(desk: Desk):
    """A new study has the same choices and begins with the best of the old one, which stays as it is."""
    name = desk.begin(amount="40", unit=" members", seed="3")
    desk.post(f"/studies/{name}/stop")
    wait_for(lambda: desk.ended(name))
    page = desk.client.get(f"/studies/{name}").text
    assert "Go on from here" in page
    assert "--warm-start" in page
    again = desk.post(f"/studies/{name}/again").headers["location"].rpartition("/")[2]
    wait_for((desk.root / f"{again}.arguments").exists)
    arguments = json.loads((desk.root / f"{again}.arguments").read_text())
    assert again == "wellfit-rows-2"
    assert f"--warm-start={name}" in arguments
    assert {"--budget=40 members", "--seed=3", "--target=bought"} <= set(arguments)


def test_a_study_that_fails_says_why(desk: Desk):
    """What the process printed is on its page, escaped, with a way to choose differently."""
    (desk.root / "fails.csv").write_text((desk.root / "rows.csv").read_text())
    name = desk.begin("fails.csv")
    wait_for(lambda: desk.ended(name))
    text = desk.client.get(f"/studies/{name}").text
    assert "&lt;i&gt;this table&lt;/i&gt; cannot be used." in text
    assert "Start it again" in text
    assert 'href="/data?path=fails.csv"' in text


def test_a_study_that_was_killed_is_no_longer_running(desk: Desk):
    """However a process ends, its lock goes with it."""
    name = desk.begin()
    run = find_run(desk.workbench, name)
    assert run is not None
    os.kill(run.pid, signal.SIGKILL)
    wait_for(lambda: desk.ended(name))
    assert "It ended without a result" in desk.client.get(f"/studies/{name}").text


def test_a_study_that_was_killed_goes_on(desk: Desk):
    """Where it had begun to store its runs, its page leads to `wellfit resume` under its own name."""
    (desk.root / "begun.csv").write_text((desk.root / "rows.csv").read_text())
    name = desk.begin("begun.csv")
    wait_for((desk.root / name / "study.json").exists)
    run = find_run(desk.workbench, name)
    assert run is not None
    os.kill(run.pid, signal.SIGKILL)
    wait_for(lambda: desk.ended(name))
    page = desk.client.get(f"/studies/{name}").text
    assert "It was interrupted" in page
    assert "Go on where it was" in page
    assert "Interrupted" in desk.client.get("/").text
    (desk.root / f"{name}.arguments").unlink()
    assert desk.post(f"/studies/{name}/resume").headers["location"] == f"/studies/{name}"
    wait_for((desk.root / f"{name}.arguments").exists)
    told_to = f"--progress=.wellfit/{name}/progress.jsonl"
    assert json.loads((desk.root / f"{name}.arguments").read_text()) == ["resume", told_to, "--", name]
    assert desk.post(f"/studies/{name}/resume").status_code == 303, "a second click does no harm"
    go(desk)
    wait_for(lambda: desk.ended(name))
    page = desk.client.get(f"/studies/{name}").text
    assert "Overfitting" in page
    assert "Go on where it was" not in page


def test_another_server_finds_the_study(desk: Desk):
    """All that is known of a run lies in the folder: a workbench that starts anew watches and stops it."""
    name = desk.begin()
    entrance = Entrance()
    client = new_client(desk.workbench, entrance)
    client.get("/enter", params={"token": entrance.token})
    assert "Running" in client.get("/").text
    client.post(f"/studies/{name}/stop", data={"csrf": entrance.csrf})
    wait_for(lambda: desk.ended(name))
    assert "Partial result" in client.get(f"/studies/{name}").text
    client.close()


def test_a_study_of_the_terminal_is_not_steered(desk: Desk):
    """The workbench shows it, and has no buttons for what it did not start."""
    (desk.root / "mine").mkdir()
    (desk.root / "mine" / "report.json").write_bytes((desk.root / ".prepared/done/report.json").read_bytes())
    assert desk.client.get("/studies/mine/events").status_code == 422
    assert desk.post("/studies/mine/again").status_code == 422
