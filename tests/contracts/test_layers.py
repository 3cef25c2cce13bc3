"""Who imports whom: the layers of docs/architecture.md and the libraries of pyproject.toml."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "wellfit").rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MODULE_OF = {
    "imbalanced-learn": "imblearn",
    "scikit-learn": "sklearn",
    "markdown-it-py": "markdown_it",
    "pillow": "PIL",
    "prometheus-client": "prometheus_client",
}
# Optuna's CMA-ES sampler imports the first, Starlette's forms the second, uvicorn the others, without asking.
NEEDED_BY_OTHERS = {"cmaes", "python-multipart", "uvloop", "httptools"}

# Formats of other runtimes need these; an error says so where one is missing.
RUNTIMES = {"openvino", "tensorflow", "torch"}


def check_contracts(config: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter with the contracts in `config`."""
    linter = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [linter, "--no-cache", "--config", config], capture_output=True, text=True, check=False, cwd=ROOT
    )


def test_layers_hold():
    """A package imports only from packages below it, and each library has its only importer."""
    done = check_contracts(ROOT / "pyproject.toml")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('  "api",\n  "formats",\n', '  "formats",\n  "api",\n'),
        ('allowed_importers = ["wellfit.models"]', 'allowed_importers = ["wellfit.data"]'),
        (
            'allowed_importers = ["wellfit.population", "wellfit.formats"]',
            'allowed_importers = ["wellfit.api"]',
        ),
        ('  "evaluation",\n', ""),
    ],
    ids=["order", "keras", "jax", "package left out"],
)
def test_the_contract_can_break(tmp_path, old, new):
    """With one line of the contract wrong the check fails, so it checks what it says."""
    text = (ROOT / "pyproject.toml").read_text()
    assert old in text
    config = tmp_path / "pyproject.toml"
    config.write_text(text.replace(old, new))
    assert check_contracts(config).returncode == 1


def imported(path: Path) -> set[str]:
    """Return the top-level names of the modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module).partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"wellfit"}


def test_dependencies_are_those_that_are_imported():
    """A library that is imported is declared, and one that is declared is imported."""
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["ui"], *extras["serve"], *extras["export"]]
    declared = {re.split(r"[<>=~! \[;]", line)[0] for line in lines}
    used = set().union(*(imported(path) for path in SOURCES))
    assert used - RUNTIMES == {MODULE_OF.get(name, name) for name in declared - NEEDED_BY_OTHERS}


def test_every_package_is_in_the_architecture():
    """The page that explains the packages names each of them."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    packages = {
        path.parent.name
        for path in SOURCES
        if path.name == "__init__.py" and path.parent.parent.name == "wellfit"
    }
    assert packages
    assert all(f"`{name}`" in page for name in packages)
