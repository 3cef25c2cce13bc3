"""A folder of pictures, brought in as a zip file, from the page to the finished report."""

import io
import sys
import time
import zipfile

import numpy as np
from PIL import Image
from ui_samples import new_desk

LONGEST_S = 600.0


def picture(brightness: int, rng: np.random.Generator) -> bytes:
    """Return a small picture as a file."""
    stream = io.BytesIO()
    pixels = rng.integers(brightness, brightness + 120, (12, 12, 3), np.uint8)
    Image.fromarray(pixels).save(stream, "png")
    return stream.getvalue()


def test_from_a_zip_file_to_a_report(tmp_path, monkeypatch):
    """Upload, see the classes, start with a budget of runs, and read what was found."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
    rng, stream = np.random.default_rng(0), io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(24):
            archive.writestr(f"days/bright day/{number}.png", picture(120, rng))
            archive.writestr(f"days/dark day/{number}.png", picture(10, rng))
    desk = new_desk(tmp_path, command=(sys.executable, "-P", "-m", "wellfit"))
    csrf = {"csrf": desk.entrance.csrf}
    sent = desk.client.post("/upload", data=csrf, files={"file": ("days.zip", stream.getvalue())})
    assert sent.headers["location"] == "/data?path=days"
    assert "Pictures of 2 classes: bright day, dark day." in desk.client.get("/data?path=days").text
    assert '<a href="/data?path=days">' in desk.client.get("/").text
    answer = desk.post("/studies", path="days", amount="6", unit=" members", model="cnn")
    name = answer.headers["location"].rpartition("/")[2]
    assert name == "wellfit-days"
    end_s = time.monotonic() + LONGEST_S
    while not desk.ended(name) and time.monotonic() < end_s:
        time.sleep(0.1)
    assert '"curves"' in (desk.root / ".wellfit" / name / "progress.jsonl").read_text()
    text = desk.client.get(f"/studies/{name}").text
    assert "Open the report" in text, text
    assert "Network (model.keras)" in text
    report = desk.client.get(f"/studies/{name}/report").text
    assert "bright day" in report
    desk.close()
