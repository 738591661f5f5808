"""The store: runs, their curves, and facts about this installation, in one database.

The only thing between pages and training. SQLite by default, PostgreSQL by address (`settings.store_url`).
"""

from mnist_core.store.commands import Command
from mnist_core.store.rows import shown_id
from mnist_core.store.store import Store, open_store

__all__ = ["Command", "Store", "open_store", "shown_id"]
