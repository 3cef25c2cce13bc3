"""The README promises two commands; CI runs them as they stand there."""

import re
from pathlib import Path

import typer
from typer.testing import CliRunner

from wellfit.cli import app

ROOT = Path(__file__).parents[2]
COMMANDS = tuple(command.name for command in typer.main.get_group(app).commands.values())
README = (ROOT / "README.md").read_text()


def test_the_two_commands():
    """Both stand in the README, each on a line of its own, once."""
    lines = README.splitlines()
    assert lines.count("python -m venv .venv && .venv/bin/pip install . && .venv/bin/wellfit demo") == 1
    assert lines.count("python -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/pytest") == 1


def test_links_lead_somewhere():
    """Files that the README and the docs link to exist."""
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        targets = re.findall(r"\]\(([^)#]+)", page.read_text()) + re.findall(
            r'src="([^"]+)"', page.read_text()
        )
        for target in targets:
            assert target.startswith("http") or (page.parent / target).exists(), (page.name, target)


def test_options_of_the_readme_exist():
    """Every option that the README shows is one of the command's."""
    own = "\n".join(line for line in README.splitlines() if not line.startswith("curl "))
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", own))
    helps = [CliRunner().invoke(app, [*command, "--help"]).output for command in ((), *zip(COMMANDS))]
    known = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", " ".join(helps)))
    assert shown
    assert shown <= known
