"""The server: bundles behind HTTP, in the dialects that clients already speak."""

from wellfit.serving.http._app import App
from wellfit.serving.http._drift import Watching
from wellfit.serving.http._keys import VARIABLE, Keys, read_keys
from wellfit.serving.http._limits import Limits
from wellfit.serving.http._log import AccessLog
from wellfit.serving.http._server import Serving
from wellfit.serving.http._store import Store
from wellfit.serving.http._workers import num_cores, serve

__all__ = [
    "VARIABLE",
    "AccessLog",
    "App",
    "Keys",
    "Limits",
    "Serving",
    "Store",
    "Watching",
    "num_cores",
    "read_keys",
    "serve",
]
