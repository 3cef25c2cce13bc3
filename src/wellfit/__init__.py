"""Says why a Keras network overfits or underfits, proves which remedy works, and returns the better one."""

from wellfit._version import __version__

__all__ = ["__version__"]
