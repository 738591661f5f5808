"""Store: what pages and workers may do with runs, in parts that share one database.

Every method of a part is one transaction, safe from many threads and processes. Whatever changes a run raises its version,
so that a page asks one cheap question ("is it still version n?") before it reads anything.
"""

from __future__ import annotations

from mnist_core import settings
from mnist_core.networks import shared_files
from mnist_core.store import home_mark
from mnist_core.store.analyses import Analyses
from mnist_core.store.board import Boards
from mnist_core.store.class_commands import ClassCommands
from mnist_core.store.class_results import ClassResults
from mnist_core.store.classes import Classes
from mnist_core.store.commands import Commands
from mnist_core.store.database import Database
from mnist_core.store.facts import Facts
from mnist_core.store.labels import Labels
from mnist_core.store.lease import Leases
from mnist_core.store.lessons import Lessons
from mnist_core.store.own_images import OwnImagesStore
from mnist_core.store.queue import Queue
from mnist_core.store.record_reader import RecordReader
from mnist_core.store.record_writer import RecordWriter
from mnist_core.store.reports import Reports
from mnist_core.store.retention import Retention
from mnist_core.store.rounds import Rounds
from mnist_core.store.runs import Runs
from mnist_core.store.sweeps import Sweeps
from mnist_core.store.transfer import Transfer
from mnist_core.store.usage import Usage
from mnist_core.store.weight_files import WeightFiles
from mnist_core.store.written_lessons import WrittenLessons


class Store:
    """The store at `url` (default: `settings.store_url()`), made and migrated on opening; `busy_seconds`: see `engine.open_engine`.

    Raises StoreUnavailableError, from any method of any part, when the database cannot be used.
    """

    def __init__(self, url: str | None = None, busy_seconds: float | None = None) -> None:
        self.database = database = Database(url, busy_seconds)
        self.url = database.url
        # What pages do with runs, and see of them.
        self.runs = Runs(database)
        self.sweeps = Sweeps(database)
        self.commands = Commands(database)
        self.labels = Labels(database)
        self.record_reader = RecordReader(database)
        # What workers and the cluster do.
        self.queue = Queue(database)
        self.usage = Usage(database)
        self.record_writer = RecordWriter(database)
        self.lease = Leases(database)
        self.retention = Retention(database)
        self.weight_files = WeightFiles(database)
        # Besides runs.
        self.classes = Classes(database)
        self.class_commands = ClassCommands(database)
        self.class_results = ClassResults(database)
        self.rounds = Rounds(database)
        self.reports = Reports(database)
        self.board = Boards(database)
        self.lessons = Lessons(database)
        self.written_lessons = WrittenLessons(database)
        self.own_images = OwnImagesStore(database)
        self.analyses = Analyses(database)
        self.facts = Facts(database)
        self.transfer = Transfer(database)

    @property
    def shown_address(self) -> str:
        """The address without its password."""
        return self.database.shown_address

    def close(self) -> None:
        """Give back all connections."""
        self.database.close()


def open_store(url: str | None = None, busy_seconds: float | None = None) -> Store:
    """The store at `url` (default: `settings.store_url()`); `busy_seconds`: see `engine.open_engine`.

    Where the settings say so, the weights of runs are kept in it from now on; else they lie in the home, which is marked as its.
    """
    store = Store(url, busy_seconds)
    if settings.weights_in_store():
        shared_files.share(store.weight_files)
    else:
        home_mark.mark(store.facts, store.runs)
    return store
