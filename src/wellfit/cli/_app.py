"""The command ``wellfit``: its commands, their examples, and the way in."""

from __future__ import annotations

from typing import Annotated

import typer

from wellfit._version import __version__
from wellfit.cli._compare import compare
from wellfit.cli._diagnose import diagnose
from wellfit.cli._explain import explain
from wellfit.cli._export import export
from wellfit.cli._improve import demo, improve
from wellfit.cli._monitor import monitor
from wellfit.cli._predict import predict
from wellfit.cli._report import report
from wellfit.cli._resume import resume
from wellfit.cli._serve import serve
from wellfit.cli._ui import ui
from wellfit.cli._watch import watch

_STATUSES = """Exit status: 0 done, 1 a run that failed, 2 unusable arguments or data, 3 stopped by the budget
or a signal with partial results kept. `monitor` also ends with 4 (watch) and 5 (retrain)."""


def _examples(*lines: str) -> str:
    """Return an epilog whose lines stay as they are."""
    return "\n".join(["\b", "Example:" if len(lines) == 1 else "Examples:", *(f"  {line}" for line in lines)])


app = typer.Typer(
    name="wellfit",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_examples(
        "wellfit demo",
        "wellfit improve churn.csv --target churn",
        "wellfit predict wellfit-churn new.csv -o predictions.csv",
    ),
)

app.command(
    short_help="Find what makes a network better.",
    epilog=_examples(
        "wellfit improve churn.csv --target churn",
        "wellfit improve churn.csv --target churn --model net.keras --budget 5m",
        "wellfit improve sales.csv --target price --time date --column zip=category",
        "wellfit improve flowers/ --model resnet50.keras --budget 10m --out study",
    ),
)(improve)
app.command(
    short_help="Say what is wrong with one, and why.",
    epilog=_examples(
        "wellfit diagnose churn.csv --target churn --model net.keras --epochs 100",
        "wellfit diagnose a.csv --target churn --model net.py:build --html page.html",
        "wellfit diagnose flowers/ --model net.keras --validation flowers-later/",
        "wellfit diagnose --history log.csv",
    ),
)(diagnose)
app.command(
    short_help="Diagnose a script that trains one.",
    context_settings={"allow_interspersed_args": False},
    epilog=_examples("wellfit watch train.py --epochs 20", "wellfit watch --json verdict.json train.py"),
)(watch)
app.command(
    short_help="Explain a cause that it names.",
    epilog=_examples("wellfit explain", "wellfit explain too-few-rows"),
)(explain)
app.command(
    short_help="Go on with a study that was ended.", epilog=_examples("wellfit resume wellfit-churn")
)(resume)
app.command(
    short_help="Predict new rows.",
    epilog=_examples("wellfit predict wellfit-churn new.csv -o predictions.csv"),
)(predict)
app.command(
    short_help="Write the network for another runtime.",
    epilog=_examples(
        "wellfit export wellfit-churn",
        "wellfit export wellfit-churn -o churn.onnx --precision int8",
        "wellfit export wellfit-churn --format saved_model",
    ),
)(export)
app.command(
    short_help="Serve exported networks over HTTP.",
    epilog=_examples(
        "wellfit serve wellfit-churn",
        "wellfit serve models/ --host 0.0.0.0 --workers 4 --api-key-file keys.txt",
    ),
)(serve)
app.command(
    short_help="Hold new rows against old ones.",
    epilog=_examples(
        "wellfit monitor wellfit-churn this-week.csv",
        "wellfit monitor wellfit-churn this-week.csv --html drift.html",
        "wellfit monitor wellfit-churn labeled.csv --retrain --out churn-2",
    ),
)(monitor)
app.command(short_help="Show the report of a study.", epilog=_examples("wellfit report wellfit-churn"))(
    report
)
app.command(
    short_help="Show studies side by side.",
    epilog=_examples("wellfit compare study study-2", "wellfit compare study* --html studies.html"),
)(compare)
app.command(
    short_help="Open the workbench, a local page.",
    epilog=_examples("wellfit ui", "wellfit ui studies --port 8000 --no-open"),
)(ui)
app.command(short_help="Try it on a table that comes along.", epilog=_examples("wellfit demo --budget 30s"))(
    demo
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(f"wellfit {__version__}")
        raise typer.Exit


@app.callback(help=f"Prove which remedy makes a Keras network better on your data.\n\n{_STATUSES}")
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line of this process."""
    app(prog_name="wellfit")
