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

```idea plane
idea: plane
show: {data: clusters, layers: 0, rate: 1.0}
```

```note remember
ask: What will you remember?
```
"""
KOREAN = {
    "A *short* lesson": "아주 *짧은* 단원",
    "that a run learns": "실행이 학습하는 것",
    "What comes of it?": "어떻게 될까요?",
    "Train the small network.": "작은 신경망을 훈련하세요.",
    "Now it is trained.": "이제 훈련되었습니다.",
    "What you saw": "본 것",
    "How many updates has an epoch?": "한 에포크는 갱신 몇 번인가요?",
    "Divide the images by the batch size.": "이미지 수를 배치 크기로 나누세요.",
    "What fell?": "무엇이 내려갔나요?",
    "The loss": "손실",
    "That is what training is for.": "훈련은 그것을 위한 것입니다.",
    "The rate": "학습률",
    "It stayed as it was.": "그대로였습니다.",
    "The end": "끝",
    "What will you remember?": "무엇을 기억하겠습니까?",
}


def _in_korean(text: str) -> str:
    for english, korean in KOREAN.items():
        text = text.replace(english, korean)
    return text


SOURCE = Source("short", {"en": TEXT, "ko": _in_korean(TEXT)})


def short() -> Lesson:
    """The lesson, read."""
    return lessons.read_source(SOURCE, "en")
