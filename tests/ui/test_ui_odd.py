"""What is damaged, strange or gone in the folder or in a request is told, and costs no other page."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import threading
from pathlib import Path

import pytest
from ui_samples import Desk, new_desk

from wellfit.records import DataError
from wellfit.ui._runs import find_run
from wellfit.ui._tail import told
from wellfit.ui._uploads import store

DEEP = "[" * 100_000
NEVER = threading.Event()


@pytest.fixture
def desk(tmp_path):
    """Return a workbench and a browser that has come in."""
    made = new_desk(tmp_path)
    yield made
    made.close()


def study_in(desk: Desk, name: str) -> Path:
    """Return the folder of a finished study."""
    folder = desk.root / name
    folder.mkdir()
    (folder / "report.json").write_bytes((desk.root / ".prepared/done/report.json").read_bytes())
    return folder


def run_in(desk: Desk, name: str, text: str) -> Path:
    """Return the folder of a run that says of itself what `text` is."""
    folder = desk.root / ".wellfit" / name
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(text)
    return folder


def test_one_damaged_study_does_not_hide_the_others(desk: Desk):
    """JSON that nests without end, runs that name other things than text, loops of links."""
    study_in(desk, "good")
    (study_in(desk, "deep") / "report.json").write_text(DEEP)
    whole = {"name": "x", "data": "rows.csv", "target": "bought", "arguments": []}
    for number, values in enumerate(
        ({"data": 5}, {"pid": "x"}, {"arguments": [1]}, {"pid": -1}, {"target": []})
    ):
        run_in(desk, f"run-{number}", json.dumps({**whole, "pid": 1, **values}))
    run_in(desk, "run-deep", DEEP)
    (desk.root / "loop").symlink_to(desk.root / "loop")
    text = desk.client.get("/").text
    assert "/studies/good" in text
    assert "/studies/deep" not in text
    assert "/studies/run-" not in text
    for name in ("deep", "run-0", "run-3", "run-deep"):
        assert desk.client.get(f"/studies/{name}").status_code == 422, name


def test_a_run_is_what_its_folder_is_called(desk: Desk):
    """A name in its file cannot lead to another one's process."""
    whole = {"name": "../other", "data": "rows.csv", "target": "", "arguments": [], "pid": 1}
    run_in(desk, "own", json.dumps(whole))
    run = find_run(desk.workbench, "own")
    assert run is not None
    assert run.name == "own"


def test_a_folder_in_place_of_a_file_is_not_handed_out(desk: Desk):
    """Nor is a file that went away."""
    folder = study_in(desk, "study")
    (folder / "report.html").mkdir()
    (folder / "train.npz").mkdir()
    for path in ("report", "files/train.npz", "files/trials.json"):
        assert desk.client.get(f"/studies/study/{path}").status_code == 422


@pytest.mark.parametrize(
    ("manifest", "encoder", "scaling"),
    [
        (DEEP, "{}", "[]"),
        ("[]", "{}", "[]"),
        ('{"version": 1}', "{}", "[]"),
        ('{"version": 1, "files": 3}', "{}", "[]"),
        ('{"version": 1, "files": {}}', "{}", "["),
        ('{"version": 1, "files": {}}', "{}", '[{"fill": 1}]'),
    ],
)
def test_a_damaged_predictor_is_told(desk: Desk, manifest, encoder, scaling):
    """Trying a row with it says so."""
    bundle = study_in(desk, "study") / "bundle"
    bundle.mkdir()
    for name, text in (("bundle", manifest), ("encoder", encoder), ("scaling", scaling)):
        (bundle / f"{name}.json").write_text(text)
    answer = desk.client.get("/studies/study/try")
    assert answer.status_code == 422
    assert "bundle" in answer.text


def test_numbers_of_thousands_of_digits_in_headers_are_refused(desk: Desk):
    """Python would not read them."""
    assert desk.client.get("/", headers={"host": "127.0.0.1:" + "9" * 5000}).status_code == 421
    headers = {"content-length": "9" * 5000, "x-csrf-token": desk.entrance.csrf}
    assert desk.client.post("/data/columns", content=b"", headers=headers).status_code == 413


def test_forms_that_cannot_be_read_are_refused(desk: Desk):
    """Without a boundary, broken off, or in an encoding that is none."""
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\r\n--b--\r\n'
    kinds = (
        "multipart/form-data",
        "multipart/form-data; boundary=c",
        'multipart/form-data; boundary=b; charset="\0"',
    )
    for kind in kinds:
        headers = {"content-type": kind, "x-csrf-token": desk.entrance.csrf}
        assert desk.client.post("/upload", content=body, headers=headers).status_code in (400, 422), kind


def test_long_names_of_letters_of_many_bytes_are_cut(desk: Desk):
    """A file system counts bytes: 80 letters of four are more than it takes."""
    for name in ("\U00020000" * 200 + ".csv", "é" * 300 + ".csv"):
        files = {"file": (name, b"a,b\n1,2\n")}
        answer = desk.client.post("/upload", data={"csrf": desk.entrance.csrf}, files=files)
        assert answer.status_code == 303
        assert desk.client.get(answer.headers["location"]).status_code == 200


def test_what_no_command_line_can_hold_starts_nothing(desk: Desk):
    """A null in a value, or more than the system takes; no folder of a run is left behind."""
    for metric in ("a\0b", "m" * 1_000_000):
        assert desk.post("/studies", path="rows.csv", target="bought", metric=metric).status_code == 422
    assert list((desk.root / ".wellfit").iterdir()) == []


def test_half_an_upload_does_not_stay(tmp_path: Path):
    """On a full disk nothing is left that looks like a table."""

    class Full(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        store(tmp_path, "rows.csv", Full(), max_bytes=10)
    with pytest.raises(DataError):
        store(tmp_path, "rows.csv", io.BytesIO(b""), max_bytes=10)
    assert list(tmp_path.iterdir()) == []


def test_a_header_too_long_for_a_reader_of_tables_is_told(desk: Desk):
    """Names of more than 131,072 letters."""
    (desk.root / "long.csv").write_text("L" * 200_000 + ",c,y\n" + "".join(f"{i},{i},x\n" for i in range(20)))
    answer = desk.client.get("/data?path=long.csv")
    assert answer.status_code == 422
    assert "header of long.csv cannot be read" in answer.text


def test_numbers_that_a_browser_cannot_read_do_not_break_the_stream(desk: Desk):
    """NaN, infinity and JSON without end in the file of events."""
    folder = run_in(desk, "run", json.dumps({"data": "rows.csv", "target": "", "arguments": [], "pid": 1}))
    lines = ['{"loss": NaN, "done": 1}', '{"loss": 1e999}', DEEP, '{"done": 2}']
    (folder / "progress.jsonl").write_text("\n".join(lines) + "\n")
    run = find_run(desk.workbench, "run")
    assert run is not None

    async def all_of_it() -> list[str]:
        return [text async for text in told(desk.workbench, run, 0, NEVER)]

    first, last = asyncio.run(all_of_it())
    assert json.loads(first.partition("data: ")[2]) == [{"loss": None, "done": 1}, {"done": 2}]
    assert last.startswith("event: end")
