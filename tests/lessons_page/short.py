"""A short lesson for tests."""

from __future__ import annotations

from mnist_core import lessons
from mnist_core.lessons import Lesson, Source

TEXT = """\
---
schema: 1
title: A *short* lesson
minutes: 3
needs:
  - nothing
teaches:
  - that a run learns
---
What comes of it?

```predict guess
of: small
question: outcome
```

```run small
preset: two-layer-net
change: {train_size: 500, validation_size: 1000, epochs: 1, hidden_layers: [8]}
free: {learning_rate: [0.1, 1], epochs: [1, 2]}
```

```check trained
says: Train the small network.
until: {outcome: completed}
run: small
```

Now it is trained.

## What you saw

```question steps
ask: How many updates has an epoch?
number: 5
tolerance: 0
wrong: Divide the images by the batch size.
```

```question which
ask: What fell?
answers:
  - {text: The loss, right: true, why: That is what training is for.}
  - {text: The rate, why: It stayed as it was.}
```

## The end

```note remember
ask: What will you remember?
```
"""
SOURCE = Source("short", {"en": TEXT})


def short() -> Lesson:
    """The lesson, read."""
    return lessons.read_source(SOURCE, "en")
