"""What a page shows, for tests."""

from __future__ import annotations

import html
import json
import math
from typing import Any

from streamlit.testing.v1 import AppTest

from mnist_core.escape import JOINER, SPLIT


def texts(app: AppTest) -> str:
    """Everything that the page says, signs that were escaped as they are read."""
    kinds = (app.title, app.markdown, app.caption, app.info, app.error, app.warning, app.success, app.subheader)
    return "\n".join(unescape(element.value) for kind in kinds for element in kind)


def unescape(markdown: str) -> str:
    """Escaped text as it is read."""
    return html.unescape(markdown.replace(SPLIT, "")).replace(JOINER, "")


def components(app: AppTest) -> list[dict[str, Any]]:
    """What the browser gets for components of our own: charts, frame players, the pad."""
    return [json.loads(element.proto.json) for element in app.main if element.type == "bidi_component"]


def columns_of(app: AppTest) -> dict[str, Any]:
    """How the columns of the page's first table are shown."""
    found: dict[str, Any] = json.loads(app.dataframe[0].proto.columns)
    return found


def percents(app: AppTest, title: str) -> list[str]:
    """What a column of numbers in percent shows in the browser."""
    form = columns_of(app)[title]["type_config"]["format"]
    return ["–" if value is None or math.isnan(value) else form % value for value in app.dataframe[0].value[title]]


def bars(app: AppTest) -> list[str]:
    """What stands beside the bars of progress: of runs at rest Streamlit's, of those that move the one that the browser changes."""
    at_rest = [element.proto.text for element in app.main if element.type == "progress"]
    return at_rest + [message["value"]["text"] for message in components(app) if message.get("kind") == "bar"]


def component(app: AppTest, key: str) -> dict[str, Any]:
    """What the browser gets for one of them."""
    (data,) = [message for message in components(app) if message.get("key") == key]
    return data


def metrics(app: AppTest) -> dict[str, str]:
    """The figures on the page, by their labels."""
    return {metric.label: metric.value for metric in app.metric}
