"""The page at ``/docs``: what can be asked, of which columns, with commands to copy. Needs no script."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from wellfit._version import __version__
from wellfit.serving.http._examples import example_row, example_tensors
from wellfit.serving.http._model import Model
from wellfit.serving.http._places import latest

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.3rem; margin-top: 2.5rem; } h3 { font-size: 1.05rem; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: 6px; font-size: .85rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .3rem .8rem .3rem 0; }
th { border-bottom: 1px solid #8888; } td { border-bottom: 1px solid #8883; }
"""
PLACE = "HOST:PORT"
"""Stands in the page where the address belongs that it was asked at."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"


def docs_page(models: dict[str, dict[str, Model]], default: Model | None) -> str:
    """Return the page in HTML.

    Args:
        models: by name and version.
        default: the network that ``/predict`` and ``/invocations`` ask.
    """
    parts = [
        "<h1>wellfit serve</h1>",
        '<p>The same in <a href="openapi.json">OpenAPI</a>; <a href="metrics">metrics</a> for Prometheus. '
        "Where a key is needed, add <code>-H 'X-API-Key: KEY'</code>.</p>",
    ]
    for name, versions in models.items():
        newest = versions[latest(list(versions))]
        parts.append(_section(name, versions, newest, newest is default or len(models) == 1))
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>wellfit serve {escape(__version__)}</title><style>{_STYLE}</style></head>"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def _section(name: str, versions: dict[str, Model], model: Model, is_default: bool) -> str:
    row = example_row(model.signature)
    chosen = "" if is_default else f"?model={name}"
    asked = [
        ("A row, or a list of rows", f"predict{chosen}", row),
        ("TensorFlow Serving", f"v1/models/{name}:predict", {"instances": [row]}),
        ("Open Inference Protocol", f"v2/models/{name}/infer", {"inputs": example_tensors(model)}),
        ("MLflow", f"invocations{chosen}", {"dataframe_records": [row]}),
    ]
    commands = "".join(f"<h3>{title}</h3>{_command(path, body)}" for title, path, body in asked)
    listed = ", ".join(escape(version) for version in versions)
    return f"<h2>{escape(name)}</h2><p>Versions: {listed}.</p>{_inputs(model)}{_outputs(model)}{commands}"


def _inputs(model: Model) -> str:
    rows = [
        (column.name, column.kind, ", ".join(column.examples[:3])) for column in model.signature.columns
    ] or [(one.tensor, one.dtype, " x ".join(map(str, one.shape))) for one in model.signature.arrays]
    cells = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    heads = ("column", "kind", "such as") if model.signature.columns else ("input", "type", "shape")
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    return (
        f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{cells}</tbody></table></div>"
    )


def _outputs(model: Model) -> str:
    names = model.signature.class_names
    if not names:
        return "<p>Predicts numbers.</p>"
    return f"<p>Predicts one of: {', '.join(f'<code>{escape(name)}</code>' for name in names[:20])}.</p>"


def _command(path: str, body: Any) -> str:
    text = json.dumps(body)
    if len(text) > 2_000:
        text = "..."
    quoted = text.replace("'", "'\\''")
    lines = f"curl -H 'Content-Type: application/json' \\\n  -d '{quoted}' \\\n  http://{PLACE}/{path}"
    return f'<pre tabindex="0">{escape(lines)}</pre>'
