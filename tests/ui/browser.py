"""A real browser for tests, and the workbench as a real process for it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
LONGEST_MS = 120_000


def find_browser() -> str:
    """Return the browser on the path; it is a failure, never a skip, if there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("no browser: apt-get install chromium, or put Chrome on PATH", pytrace=False)
    return found


@contextmanager
def open_page(**options: Any) -> Iterator[tuple[Page, list[str]]]:
    """Yield a page, and what went wrong in it: console errors and exceptions.

    Args:
        **options: of the browser's context, such as ``viewport`` and ``color_scheme``.
    """
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(ARGUMENTS))
        context = browser.new_context(**options)
        # A loaded machine is slow, and that is no fault of the page.
        context.set_default_timeout(LONGEST_MS)
        expect.set_options(timeout=LONGEST_MS)
        page = context.new_page()
        page.on(
            "console", lambda line: problems.append(line.text) if line.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield page, problems
        browser.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Yield the address of a workbench of `folder`, a process that is ended by its own id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "wellfit", "ui", str(folder), "--no-open", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if "Ctrl-C" in line:
            break
    found = re.search(r"http://\S+/enter\S+", told)
    try:
        assert found, told
        yield found[0]
    finally:
        os.kill(process.pid, signal.SIGINT)
        process.communicate()
