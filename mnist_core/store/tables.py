"""The tables, as SQLAlchemy sees them. Their history is in `migrations/`; a test holds the two together."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

# One row per run. JSON is kept as text: results may hold NaN, which PostgreSQL's JSON type refuses.
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("config", sa.Text, nullable=False),
    sa.Column("preset", sa.String(64)),
    sa.Column("variant", sa.String(64)),
    sa.Column("group_id", sa.String(16)),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("outcome", sa.String(16)),
    sa.Column("version", sa.Integer, nullable=False, default=1),
    # What a page asked for and the worker has not yet done.
    sa.Column("command", sa.String(16)),
    sa.Column("rate_request", sa.Float),
    # The base learning rate in use, where it was changed by hand.
    sa.Column("learning_rate", sa.Float),
    sa.Column("step", sa.Integer, nullable=False, default=0),
    sa.Column("total_steps", sa.Integer, nullable=False),
    sa.Column("epoch", sa.Float, nullable=False, default=0.0),
    sa.Column("seconds", sa.Float, nullable=False, default=0.0),
    sa.Column("images_per_second", sa.Float, nullable=False, default=0.0),
    sa.Column("result", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("threads", sa.Integer),
    sa.Column("worker", sa.String(128)),
    # Raised by every claim: a worker that was given up has an older one, and what it writes is refused.
    sa.Column("token", sa.Integer, nullable=False, server_default="0"),
    # Step of the checkpoint that training would go on from; null: none, start afresh. The token of who wrote it.
    sa.Column("checkpoint_step", sa.Integer),
    sa.Column("checkpoint_token", sa.Integer),
    # Runs that lost their worker (1) go before those that wait for their turn.
    sa.Column("priority", sa.Integer, nullable=False, default=0),
    # While it trains: it is to make room for others, and to go back into the queue.
    sa.Column("slice_over", sa.Boolean, nullable=False, server_default=sa.false()),
    # Times are for people to read. What comes first is decided by numbers of the store's sequence: clocks jump.
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("queued_at", sa.Float, nullable=False),
    sa.Column("started_at", sa.Float),
    sa.Column("finished_at", sa.Float),
    sa.Column("created_order", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("queued_order", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("finished_order", sa.BigInteger),
    sa.Column("prediction", sa.String(16)),  # rounds.clean_prediction
    sa.Column("name", sa.String(80), nullable=False, server_default=""),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("star", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("color", sa.Integer),
    # Since when its student wants to see it no more (seconds since the epoch) …
    sa.Column("soft_deleted_at", sa.Float),
    # … and what the store's clock (`lease.served_seconds`) said then; it goes for good a day later by that clock.
    sa.Column("soft_deleted_served", sa.Float),
    sa.Column("class_id", sa.String(16)),  # the class that its student was in when it was made
    sa.Column("round_id", sa.String(16)),  # and the round of it that it is a part of
    sa.Column("stopped_by_teacher", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("lesson", sa.String(64)),  # where it was started: the lesson's name …
    sa.Column("block", sa.String(64)),  # … and that of its block
)
sa.Index("runs_by_owner", runs.c.owner, runs.c.created_order)
sa.Index("runs_by_group", runs.c.group_id)
sa.Index("runs_by_state", runs.c.state)
sa.Index("runs_by_class", runs.c.class_id)
sa.Index("runs_by_round", runs.c.round_id)
sa.Index("runs_by_lesson", runs.c.owner, runs.c.lesson)

# One row per sweep over learning rates; its runs are those of the group with its id.
sweeps = sa.Table(
    "sweeps",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False, index=True),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("config", sa.Text, nullable=False),
    sa.Column("rates", sa.Text, nullable=False),  # JSON: a list
    sa.Column("seeds", sa.Integer, nullable=False),
    sa.Column("preset", sa.String(64)),
    sa.Column("variant", sa.String(64)),
    sa.Column("predicted_edge", sa.Float),
    sa.Column("off", sa.Float),
    sa.Column("created_order", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("class_id", sa.String(16)),  # as that of a run
    sa.Column("round_id", sa.String(16)),
)
sa.Index("sweeps_by_class", sweeps.c.class_id)

# Packed records (records.STEP_DTYPE, records.EVALUATION_DTYPE), a few times a second one row of each kind.
chunks = sa.Table(
    "chunks",
    metadata,
    sa.Column("run_id", sa.String(16), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("last_step", sa.Integer, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.String(16), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("value", sa.Float),
)

# One row per computation in the background that is no run (a landscape).
analyses = sa.Table(
    "analyses",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),  # JSON
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("progress", sa.Float, nullable=False, default=0.0),
    sa.Column("message", sa.Text),  # why it failed
    # JSON: plain values, and name, type and shape of each array; `data` has the arrays' bytes one after another.
    sa.Column("result", sa.Text),
    sa.Column("data", sa.LargeBinary),
    sa.Column("deaths", sa.Integer, nullable=False, default=0),  # workers lost with it
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, default=1),
    sa.Column("created_order", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("token", sa.Integer, nullable=False, server_default="0"),  # as that of a run
    sa.Column("class_id", sa.String(16)),  # as that of a run
)
sa.Index("analyses_by_owner", analyses.c.owner, analyses.c.kind, analyses.c.created_order)
sa.Index("analyses_by_state", analyses.c.state)
sa.Index("analyses_by_class", analyses.c.class_id)

# What is known of this installation: its speed, what the cluster is doing, how far a download is.
facts = sa.Table(
    "facts",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Float, nullable=False),
)

# What students have had of the workers (store/usage.py); '' is how far the turn of all of them is.
usage = sa.Table(
    "usage",
    metadata,
    sa.Column("account", sa.String(64), primary_key=True),
    sa.Column("worker_seconds", sa.Float, nullable=False),
)

# One row: which cluster serves this store (store/lease.py).
lease = sa.Table(
    "lease",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column(
        "token", sa.Integer, nullable=False
    ),  # raised by who takes the lease: what an older holder writes is refused
    sa.Column("beats", sa.BigInteger, nullable=False),  # raised by the holder while it lives
    sa.Column(
        "served_seconds", sa.Float, nullable=False
    ),  # that all holders together have seen pass: the store's clock
    sa.Column("holder", sa.String(1024), nullable=False),
)

# The store's sequence (`order`), from which everything that is made, queued or finished has its number.
counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

# One row per class (store/classes.py). Of the teacher's secret only the hash is kept.
classes = sa.Table(
    "classes",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("code", sa.String(8), nullable=False, unique=True),
    sa.Column("teacher_hash", sa.String(64), nullable=False),  # SHA-256, in hexadecimal digits
    sa.Column("members_only", sa.Boolean, nullable=False, server_default=sa.false()),  # nobody else trains here
    sa.Column("address", sa.String(200), nullable=False, server_default=""),  # of the app, as students reach it
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),  # raised by every change, of members too
    sa.Column("news", sa.Integer, nullable=False, server_default="0"),  # raised by what students' pages show
    sa.Column(
        "round_only", sa.Boolean, nullable=False, server_default=sa.false()
    ),  # members train for the open round alone
    sa.Column(
        "paused", sa.Boolean, nullable=False, server_default=sa.false()
    ),  # what waits of its runs goes on waiting
    sa.Column("look_here", sa.String(400), nullable=False, server_default=""),  # the page that the teacher shows, JSON
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("created_served", sa.Float, nullable=False),  # what the store's clock said
)

# One row per student and class. `student`: the name in his cookie, which owns his runs and is told to nobody else.
members = sa.Table(
    "members",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("class_id", sa.String(16), sa.ForeignKey("classes.id", ondelete="CASCADE"), nullable=False),
    sa.Column("student", sa.String(64), nullable=False, index=True),
    sa.Column("nickname", sa.String(40), nullable=False),
    sa.Column("nickname_key", sa.String(200), nullable=False),  # equal for nicknames that look alike
    sa.Column("personal_code", sa.String(8), nullable=False),
    sa.Column("removed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("merged_into", sa.String(16)),  # the member that this one is, too: its browser takes that one's name
    sa.Column("joined_order", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("class_id", "student", name="members_by_student"),
    sa.UniqueConstraint("class_id", "nickname_key", name="members_by_nickname"),
    sa.UniqueConstraint("class_id", "personal_code", name="members_by_code"),
)

# The browsers in which a class's console was opened: what they train is the class's, too.
teachers = sa.Table(
    "teachers",
    metadata,
    sa.Column("class_id", sa.String(16), sa.ForeignKey("classes.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("student", sa.String(64), primary_key=True, index=True),
    sa.Column("joined_order", sa.BigInteger, nullable=False),
)

# One row per round of a class (store/rounds.py). `free`: JSON, setting → what it may be (rounds.Plan).
rounds = sa.Table(
    "rounds",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("class_id", sa.String(16), sa.ForeignKey("classes.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("title", sa.String(80), nullable=False),
    sa.Column("instruction", sa.Text, nullable=False, server_default=""),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("config", sa.Text, nullable=False),
    sa.Column("free", sa.Text, nullable=False),
    sa.Column("preset", sa.String(64)),
    sa.Column("variant", sa.String(64)),
    sa.Column("idea", sa.String(64), nullable=False, server_default=""),
    sa.Column("lesson", sa.String(64), nullable=False, server_default=""),
    sa.Column("runs_each", sa.Integer),
    sa.Column("question", sa.String(16), nullable=False),
    sa.Column("same_seed", sa.Boolean, nullable=False),
    sa.Column("test_sealed", sa.Boolean, nullable=False),
    sa.Column("board_shown", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("uncovered", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("given_order", sa.BigInteger, nullable=False, server_default="0"),  # in the sequence; 0: it is a draft
)

# One row per student who has done something in a round, or was given more of it.
assignments = sa.Table(
    "assignments",
    metadata,
    sa.Column("round_id", sa.String(16), sa.ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("student", sa.String(64), primary_key=True),
    sa.Column("started", sa.Integer, nullable=False, server_default="0"),  # runs or sweeps, deleted ones too
    sa.Column("extra", sa.Integer, nullable=False, server_default="0"),
    sa.Column("prediction", sa.String(16)),  # of the run or sweep that he starts next, which takes it along
    sa.Column("predicted_of", sa.String(32)),  # which settings that was about (`rounds.settings_key`)
)

# How far a student is in a lesson (store/lessons.py). `class_id`: whose teacher may see it, since it was given there.
lesson_progress = sa.Table(
    "lesson_progress",
    metadata,
    sa.Column("student", sa.String(64), primary_key=True),
    sa.Column("lesson", sa.String(64), primary_key=True),
    sa.Column("place", sa.Integer, nullable=False, server_default="0"),  # number of the step that was shown last
    sa.Column("reached", sa.Integer, nullable=False, server_default="0"),  # … and of the furthest
    sa.Column("steps", sa.Integer, nullable=False, server_default="1"),
    sa.Column("finished", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("class_id", sa.String(16), index=True),
    sa.Column("changed_order", sa.BigInteger, nullable=False),
)

# What a student said in a block of a lesson. `content`: of what the block asked then; `value`: JSON.
lesson_answers = sa.Table(
    "lesson_answers",
    metadata,
    sa.Column("student", sa.String(64), primary_key=True),
    sa.Column("lesson", sa.String(64), primary_key=True),
    sa.Column("block", sa.String(64), primary_key=True),
    sa.Column("content", sa.String(16), nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("given", sa.Boolean, nullable=False),  # else it is half-written
    sa.Column("is_right", sa.Boolean),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),  # how often it was given
)

# Lessons that were written or uploaded in a browser, each as a zip.
written_lessons = sa.Table(
    "written_lessons",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False, index=True),
    sa.Column("title", sa.String(120), nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_order", sa.BigInteger, nullable=False),
)

# Images of one's own: `classes` are their names as a JSON list, `data` pixels and labels (data/own_images.py).
own_images = sa.Table(
    "own_images",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False, index=True),
    sa.Column("class_id", sa.String(16), index=True),
    sa.Column("title", sa.String(120), nullable=False),
    sa.Column("classes", sa.Text, nullable=False),
    sa.Column("train", sa.Integer, nullable=False),
    sa.Column("test", sa.Integer, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("created_order", sa.BigInteger, nullable=False),
)

# The script of reports that were handed in, once for all that have the same; `digest`: SHA-256 in hexadecimal digits.
report_scripts = sa.Table(
    "report_scripts",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

# One row per report that a member has handed in (store/reports.py).
reports = sa.Table(
    "reports",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("class_id", sa.String(16), sa.ForeignKey("classes.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("member_id", sa.String(16), sa.ForeignKey("members.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("page", sa.LargeBinary, nullable=False),  # HTML without its script, compressed
    sa.Column("script", sa.String(64), sa.ForeignKey("report_scripts.digest")),  # null: it has no charts
    sa.Column("handed_in_at", sa.Float, nullable=False),
    sa.Column("handed_in_order", sa.BigInteger, nullable=False),
)

# Who entered wrong codes or passwords, and until when he waits, by the store's clock (store/attempts.py).
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("key", sa.String(80), primary_key=True),
    sa.Column("wrong", sa.Integer, nullable=False),
    sa.Column("until_served", sa.Float, nullable=False),
)

# Files of weights, where workers share no folder (store/weight_files.py); no part of a backup, which has them as files.
weight_files = sa.Table(
    "weight_files",
    metadata,
    sa.Column("name", sa.String(80), primary_key=True),  # as below the folder of checkpoints
    sa.Column("run_id", sa.String(16), nullable=False, index=True),
    sa.Column("digest", sa.String(64), nullable=False),  # SHA-256 of the data, in hexadecimal digits
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
