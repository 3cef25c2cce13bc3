"""What is typed reaches the library as it was meant, and what cannot be meant is refused."""

import inspect
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from cli_samples import TABLE, FakeImprove, FakePredict, run_command, use_fake
from typer.main import get_group
from typer.testing import CliRunner

import wellfit
from wellfit.cli import app
from wellfit.search import sampler_names

IMPROVE = ["improve", "rows.csv", "--target", "bought"]
EVERY_OPTION = """
improve rows.csv --target bought --model net.py:build --budget 5m --seed 3 --out found --overwrite
--holdout 0.3 --group city --time age --metric roc_auc --task classification --features encoded
--epochs 7 --batch-size 16 --sampler random --start given --warm-start earlier --allow-unsafe
--storage sqlite:///all.db
--column age=category --column city=Rome<Oslo
--set missing=mean --set rare-count=9 --set scale_binary=true --set outlier_factor=2.5
"""


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a fresh folder that holds rows.csv."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rows.csv"
    path.write_text(TABLE)
    return path


def test_every_option_reaches_improve(monkeypatch):
    """No option is dropped on the way, and each arrives with its type."""
    fake = use_fake(monkeypatch, FakeImprove())
    assert run_command(monkeypatch, *shlex.split(EVERY_OPTION)) == 0
    given = fake.arguments
    preparation = given.pop("preparation")
    for name in ("listener", "stop", "began"):
        assert given.pop(name) is not None
    assert str(given.pop("command")).startswith("wellfit improve rows.csv --target bought")
    assert given == {
        "target": "bought",
        "model": "net.py:build",
        "budget": "5m",
        "seed": 3,
        "out": Path("found"),
        "overwrite": True,
        "holdout": 0.3,
        "group": "city",
        "time": "age",
        "metric": "roc_auc",
        "task": "classification",
        "features": "encoded",
        "epochs": 7,
        "batch_size": 16,
        "sampler": "random",
        "storage": "sqlite:///all.db",
        "start": "given",
        "ensemble": False,
        "warm_start": Path("earlier"),
        "unsafe": True,
        "reading": {},
        "columns": {"age": "category", "city": ["Rome", "Oslo"]},
    }
    assert preparation == wellfit.Preparation(
        missing="mean", rare_count=9, scale_binary=True, outlier_factor=2.5
    )


def test_defaults(monkeypatch):
    """Only data and target are needed; the folder is named after the data."""
    fake = use_fake(monkeypatch, FakeImprove())
    assert run_command(monkeypatch, "improve", "rows.csv", "--target", "bought") == 0
    assert fake.arguments["out"] == Path("wellfit-rows")
    assert fake.arguments["holdout"] == 0.2
    assert fake.arguments["preparation"] is None
    assert fake.arguments["columns"] is None
    assert fake.arguments["reading"] == {}
    assert fake.data == "rows.csv"


@pytest.mark.parametrize("command", ["improve rows.csv --target bought", "predict found rows.csv"])
def test_reading_options_reach_the_reader(monkeypatch, command):
    """Delimiter, decimal mark, quote, encoding and header are the user's where given."""
    name = command.split()[0]
    fake = use_fake(monkeypatch, FakeImprove() if name == "improve" else FakePredict(), name)
    reading = '--delimiter tab --decimal , --quote "\'" --encoding latin-1 --no-header'
    assert run_command(monkeypatch, *shlex.split(f"{command} {reading}")) == 0
    assert fake.arguments["reading"] == {
        "delimiter": "\t",
        "encoding": "latin-1",
        "decimal": ",",
        "quote": "'",
        "header": False,
    }
    assert set(fake.arguments["reading"]) < set(inspect.signature(wellfit.read_table).parameters)


def test_holdout_may_be_a_file(monkeypatch):
    """A holdout that is no number is a path."""
    fake = use_fake(monkeypatch, FakeImprove())
    assert run_command(monkeypatch, *IMPROVE, "--holdout", "later.csv") == 0
    assert fake.arguments["holdout"] == "later.csv"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("improve rows.csv", "--target"),
        ("improve", "DATA"),
        ("improve rows.csv --target bought --task clustering", "clustering"),
        ("improve rows.csv --target bought --epochs 0", "--epochs"),
        ("improve rows.csv --target bought --seed -1", "--seed"),
        ("improve rows.csv --target bought --no-such-option", "no-such-option"),
        ("improve rows.csv --target bought --set missin=mean", "did you mean 'missing'?"),
        ("improve rows.csv --target bought --set missing=meen", "did you mean 'mean'?"),
        ("improve rows.csv --target bought --set missing", "NAME=VALUE"),
        ("improve rows.csv --target bought --set rare_count=few", "a whole number"),
        ("improve rows.csv --target bought --set scale_binary=perhaps", "true or false"),
        ("improve rows.csv --target bought --column age", "NAME=VALUE"),
        ("improve rows.csv --target bought --json no/such/folder.json", "--json"),
        ("demo --json .", "--json"),
        ("predict", "DIR"),
        ("report nowhere", "report.json"),
        ("flatter", "flatter"),
    ],
)
def test_unusable_arguments_end_with_status_2(monkeypatch, capsys, arguments, message):
    """A message on stderr that names the culprit, no traceback, nothing on stdout, nothing written."""
    use_fake(monkeypatch, FakeImprove())
    assert run_command(monkeypatch, *arguments.split()) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert "Traceback" not in err
    assert out == ""
    assert [path.name for path in Path().iterdir()] == ["rows.csv"]


@pytest.mark.parametrize("command", sorted(get_group(app).commands))
def test_help_has_an_example_and_fits_a_terminal(monkeypatch, capsys, command):
    """Help shows how the command is used and stays within 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    assert run_command(monkeypatch, command, "--help") == 0
    text = capsys.readouterr().out
    assert f"\n    wellfit {command} " in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_the_list_of_commands_is_whole_in_a_narrow_terminal(monkeypatch, capsys):
    """What a command is for is said in so few words that none is cut off."""
    monkeypatch.setenv("COLUMNS", "50")
    assert run_command(monkeypatch, "--help") == 0
    commands = capsys.readouterr().out.partition("Commands:")[2].partition("Examples:")[0]
    assert len(commands.strip().splitlines()) == len(get_group(app).commands)
    assert "..." not in commands


def test_version(monkeypatch, capsys):
    """The version is the package's."""
    assert run_command(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"wellfit {wellfit.__version__}\n"


def test_module():
    """``python -m wellfit`` is the command too."""
    done = subprocess.run(
        [sys.executable, "-m", "wellfit", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"wellfit {wellfit.__version__}\n"


def test_the_help_names_every_sampler():
    """The command line knows them without loading what draws; they are the ones that exist."""
    text = " ".join(CliRunner().invoke(app, ["improve", "--help"], env={"COLUMNS": "200"}).output.split())
    assert "How combinations are searched: tpe" in text
    named = text.split("How combinations are searched:")[1].split(".")[0]
    assert all(name in named for name in sampler_names())
