"""The workbench: a local web page over the library, for `wellfit ui`; needs ``pip install 'wellfit[ui]'``."""

from wellfit.ui._app import create_app
from wellfit.ui._hosts import Address
from wellfit.ui._secrets import Entrance
from wellfit.ui._server import serve
from wellfit.ui._workbench import Workbench

__all__ = ["Address", "Entrance", "Workbench", "create_app", "serve"]
