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
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
LONGEST_MS = 120_000
WIDTHS = (1400, 400)
SCHEMES = ("dark", "light")


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


def look_at(page: Page, path: str) -> None:
    """Look at an open page narrow and wide, light and dark: it fits, and axe-core finds nothing against it.

    What is there alone is checked: one main heading, a name for every field, contrast, order of headings.
    The page is left narrow and light, without motion, for colors on their way have other contrasts.
    """
    expect(page.locator("h1")).to_have_count(1)
    axe = Axe()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            looked_at = f"{path} at {width} pixels, {scheme}"
            assert page.evaluate("document.documentElement.scrollWidth") <= width, looked_at
            found = axe.run(page)
            assert found.violations_count == 0, f"{looked_at}: {found.generate_report()}"
