"""The documentation of the causes: a page for each code, with all its parts and code that runs."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from wellfit.report._causes import MEANINGS

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "causes"
HEADINGS = ("How it is detected", "Look-alikes", "Why it matters", "What to do", "Limits", "Source")
CODES = sorted(MEANINGS)


def code_of(page: str) -> str:
    """Return the Python lines of a page."""
    return "\n".join(re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL))


def build_model(l2: float = 1e-3, dropout: float = 0.3) -> keras.Model:
    """Return a small compiled network, as the pages' readers have one."""
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="relu", kernel_regularizer=keras.regularizers.L2(l2)),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return model


def readers_own() -> dict[str, object]:
    """Return what stands for the reader's data and network on the pages."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.normal(size=(80, 4)).astype("float32")
    y = (x[:, 0] + random.normal(size=80) > 0).astype("float32")
    return {
        "keras": keras,
        "np": np,
        "x": x,
        "y": y,
        "x_train": x[:64],
        "y_train": y[:64],
        "x_val": x[64:],
        "y_val": y[64:],
        "amount_train": 1000 * x[:64, 1] + 5000,
        "customer": np.arange(80) // 4,
        "build_model": build_model,
        "model": build_model(),
        "EPOCHS": 2,
        "RARE": [3],
        "SUSPECTS": [1, 5],
        "k": 3,
    }


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    """Nothing is missing and nothing is left over."""
    assert sorted(path.stem for path in PAGES.glob("*.md") if path.name != "README.md") == CODES


def test_every_cause_in_the_source_has_a_page() -> None:
    """A new file in `diagnosis` asks for a page and for a meaning in a few words."""
    files = (ROOT / "src" / "wellfit" / "diagnosis").glob("[a-z]*.py")
    assert {path.stem.replace("_", "-") for path in files} <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_its_parts(code: str) -> None:
    """Title, all headings in their order, short, and no link that leads nowhere."""
    page = (PAGES / f"{code}.md").read_text()
    assert page.startswith(f"# {code}\n")
    assert tuple(re.findall(r"^## (.*)$", page, flags=re.MULTILINE)) == HEADINGS
    assert len(page.splitlines()) <= 60
    assert max(len(line) for line in page.splitlines()) <= 120
    assert re.search(r"\b(19|20)\d\d\b|documentation", page[page.index("## Source") :])
    for target in re.findall(r"\]\(([^)#:]+)\)", page):
        assert (PAGES / target).exists(), target
    for path in re.findall(r"`(src/wellfit/[a-z_/.]+)`", page):
        assert path.startswith("src/wellfit/diagnosis/")


@pytest.mark.parametrize("code", CODES)
def test_look_alikes_are_causes(code: str) -> None:
    """What a page tells a cause apart from has a page of its own."""
    page = (PAGES / f"{code}.md").read_text()
    section = page[page.index("## Look-alikes") : page.index("## Why it matters")]
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", section))
    assert named <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_the_code_of_a_page_runs(code: str) -> None:
    """Lines that a reader copies do what they say in the Keras that is installed."""
    lines = code_of((PAGES / f"{code}.md").read_text())
    assert ast.parse(lines).body
    names = readers_own()
    exec(compile(lines, code, "exec"), names)
    built = names["model"]
    assert isinstance(built, keras.Model)
    assert np.isfinite(built.predict(names["x_val"], verbose=0)).all()


def test_the_index_names_every_page() -> None:
    """Each cause is listed once in the index, under its family."""
    index = (PAGES / "README.md").read_text()
    linked = re.findall(r"^\| \[`([a-z-]+)`\]\(\1\.md\)", index, flags=re.MULTILINE)
    assert sorted(linked) == CODES
