"""A shell completes names of commands and options, asked as the scripts of ``--install-completion`` do."""

import re

import pytest
from typer.testing import CliRunner

from wellfit.cli import app


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("wellfit im", ["improve"]),
        ("wellfit improve --bud", ["--budget"]),
        ("wellfit improve --task cl", ["classification"]),
        ("wellfit watch --no", ["--no-diagnosis"]),
        ("wellfit improve rows", []),  # the shell's own file names
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_words_are_completed(shell: str, words: str, expected: list[str]) -> None:
    """Bash gets names alone; zsh gets them quoted, with their help."""
    environment = {
        "bash": {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))},
        "zsh": {"_TYPER_COMPLETE_ARGS": words},
    }[shell] | {"_WELLFIT_COMPLETE": f"complete_{shell}"}
    output = CliRunner().invoke(app, prog_name="wellfit", env=environment).output
    if shell == "bash":
        assert output.split() == expected
    else:
        assert re.findall(r'"([\w-]+)"[:)]', output) == expected


def test_the_help_says_how_to_install_it() -> None:
    """And only the help of `wellfit` itself: each command's is its own."""
    outputs = [CliRunner().invoke(app, [*command, "--help"]).output for command in ([], ["improve"])]
    assert ["--install-completion" in output for output in outputs] == [True, False]
