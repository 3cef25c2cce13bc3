"""Stands for ``wellfit improve`` and ``resume``: tells events, waits for a file or a signal, leaves a report.

Run by tests as ``python fake_study.py improve OPTIONS -- DATA`` in the folder of a workbench. It imports
nothing of the package, so that it starts at once.
"""

import json
import shutil
import signal
import sys
import time
from pathlib import Path

EVENT = {
    "message": "",
    "metric": "log_loss",
    "baseline": 0.43,
    "best": 0.42,
    "elapsed_s": 1.0,
    "left_s": 60.0,
}
LONGEST_S = 120.0


def main() -> int:
    """Return the exit status of the command that this stands for."""
    asked = []
    signal.signal(signal.SIGINT, lambda *_: asked.append(1))
    *options, _, data = sys.argv[2:]
    given = dict(option.removeprefix("--").partition("=")[::2] for option in options)
    is_new = sys.argv[1] == "improve"
    out, progress = Path(given["out"] if is_new else data), Path(given["progress"])
    draft = Path(f"{out}.draft")
    draft.write_text(json.dumps(sys.argv[1:]))
    draft.rename(f"{out}.arguments")
    if data == "begun.csv":
        out.mkdir()
        (out / "study.json").write_text('{"state": "running"}')
    with progress.open("a") as stream:
        for done in range(4):
            message = "<b>column</b> 'id' is left out" if done == 1 else ""
            event = {**EVENT, "stage": "screen", "done": done, "total": 9, "message": message}
            stream.write(json.dumps(event) + "\n")
            stream.flush()
    if data == "fails.csv":
        print("Error: <i>this table</i> cannot be used.", file=sys.stderr)
        return 2
    end_s = time.monotonic() + LONGEST_S
    while not asked and not Path("go").exists() and time.monotonic() < end_s:
        time.sleep(0.01)
    out.mkdir(exist_ok=True)
    for path in Path(".prepared", "partial" if asked else "done").iterdir():
        shutil.copy(path, out / path.name)
    if (out / "study.json").exists():
        (out / "study.json").write_text('{"state": "finished"}')
    return 3 if asked else 0


if __name__ == "__main__":
    sys.exit(main())
