"""Which address is answered by what; made anew when a network is exchanged: looking up is one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wellfit.serving.http import _mlflow, _open_inference, _plain, _tensorflow
from wellfit.serving.http._docs import docs_page
from wellfit.serving.http._model import Model
from wellfit.serving.http._openapi import openapi
from wellfit.serving.http._refusal import RefusedError
from wellfit.serving.http._request import Asked, Request
from wellfit.serving.http._store import Store

HTML_TYPE = "text/html; charset=utf-8"
Read = Callable[[Model, Request], Asked]


@dataclass(frozen=True, kw_only=True)
class Route:
    """What answers an address.

    Attributes:
        dialect: for metrics.
        read: what a request asks of `model`; None where `tell` answers.
        model: that is asked.
        tell: what is said to a GET: something for JSON, or text.
        content_type: of text.
        policy: of a page, what it may load; that of the docs if empty.
        chooses: whether ``?model=`` and ``?version=`` name another network.
    """

    dialect: str
    read: Read | None = None
    model: Model | None = None
    tell: Callable[[], Any] | None = None
    content_type: str = "application/json"
    policy: str = ""
    chooses: bool = False

    @property
    def method(self) -> str:
        """The method that is understood."""
        return "POST" if self.read is not None else "GET"


def make_routes(store: Store, is_ready: Callable[[], bool]) -> dict[str, Route]:
    """Return what answers each address.

    Args:
        store: the networks.
        is_ready: whether requests should be sent here.
    """
    routes = _server_routes(store, is_ready)
    for name, versions in store.models.items():
        newest = store.newest(name)
        assert newest is not None
        routes |= _model_routes(newest, f"/v1/models/{name}", f"/v2/models/{name}", versions)
        for version, model in versions.items():
            bases = f"/v1/models/{name}/versions/{version}", f"/v2/models/{name}/versions/{version}"
            routes |= _model_routes(model, *bases, {version: model})
    return routes


def _server_routes(store: Store, is_ready: Callable[[], bool]) -> dict[str, Route]:
    def ready() -> dict[str, bool]:
        if not is_ready():
            raise RefusedError(503, "the server is not ready.", retry_after_s=1)
        return {"ready": True}

    def ping() -> str:
        ready()
        return "\n"

    default = store.default
    described = openapi(store.models, default)
    page = docs_page(store.models, default)
    return {
        "/": Route(dialect="docs", tell=lambda: page, content_type=HTML_TYPE),
        "/docs": Route(dialect="docs", tell=lambda: page, content_type=HTML_TYPE),
        "/openapi.json": Route(dialect="docs", tell=lambda: described),
        "/predict": Route(dialect="plain", read=_plain.predict, model=default, chooses=True),
        "/invocations": Route(dialect="mlflow", read=_mlflow.invocations, model=default, chooses=True),
        "/ping": Route(dialect="mlflow", tell=ping),
        "/v2": Route(dialect="v2", tell=_open_inference.server),
        "/v2/health/live": Route(dialect="v2", tell=lambda: {"live": True}),
        "/v2/health/ready": Route(dialect="v2", tell=ready),
    }


def _model_routes(model: Model, first: str, second: str, versions: dict[str, Model]) -> dict[str, Route]:
    names = list(versions)
    state = _tensorflow.status(versions)
    described = _tensorflow.metadata(model)
    tensors = _open_inference.metadata(model, names)
    ready = {"name": model.name, "ready": True}
    return {
        first: Route(dialect="v1", tell=lambda: state),
        f"{first}/metadata": Route(dialect="v1", tell=lambda: described),
        f"{first}:predict": Route(dialect="v1", read=_tensorflow.predict, model=model),
        f"{first}:classify": Route(dialect="v1", read=_tensorflow.classify, model=model),
        f"{first}:regress": Route(dialect="v1", read=_tensorflow.regress, model=model),
        second: Route(dialect="v2", tell=lambda: tensors),
        f"{second}/ready": Route(dialect="v2", tell=lambda: ready),
        f"{second}/infer": Route(dialect="v2", read=_open_inference.infer, model=model),
    }
