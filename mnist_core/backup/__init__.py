"""Backups of a home: everything that belongs to runs in one file, made while the app is in use, and put back elsewhere.

In it are the store's rows, checkpoints with last and best weights, and snapshots; not the data sets, the log, or keys.
"""

from mnist_core.backup.making import BackupResult, make
from mnist_core.backup.restoring import RestoreResult, restore

__all__ = ["BackupResult", "RestoreResult", "make", "restore"]
