"""The trial store: what a study has trained, in a database that survives whatever happens to the study."""

from wellfit.store._arrays import pack, unpack
from wellfit.store._lock import FolderLock
from wellfit.store._trials import Entry, TrialStore, sqlite_url, without_password

__all__ = ["Entry", "FolderLock", "TrialStore", "pack", "sqlite_url", "unpack", "without_password"]
