"""A lesson written in the browser: uploaded or begun here, edited as text with its faults, taken along again, deleted."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import streamlit as st

from mnist_core import escape, lessons
from mnist_core.errors import LessonError
from mnist_core.lessons import Lesson, Source
from mnist_core.lessons_page import faults
from mnist_core.lessons_page.here import way_to_all
from mnist_core.lessons_page.steps import split
from mnist_core.panels import course
from mnist_core.records import WrittenLesson
from mnist_core.store.written_lessons import LESSON_BYTES
from mnist_core.ui import download, frame, session, texts
from mnist_core.ui.choice import typed
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

STYLE = """<style>
.st-key-write [data-testid="stPageLink"] a { background: none; padding-left: 0; }
.st-key-write textarea { font-family: "Source Code Pro", monospace; font-size: 0.9rem; }
</style>"""
NEW = "new"  # in place of an id, in the address
TEXT_LETTERS = 100_000
IMAGES = ("png", "jpg", "jpeg", "webp")
TEMPLATE = """\
---
schema: 1
title: {title}
minutes: 10
teaches:
  - {teaches}
---
{first}

```predict guess
of: first-run
question: outcome
```

```run first-run
preset: two-layer-net
change: {{epochs: 1}}
free: {{learning_rate: [0.01, 3]}}
```

## {second}

```question why
ask: {ask}
answers:
  - {{text: {wrong}}}
  - {{text: {right}, right: true}}
```
"""


def draw(panel: Panel, written: str) -> None:
    """The place for a new lesson, or one's own lesson as text."""
    st.html(STYLE)
    back = {} if written == NEW else {"lesson": f"own-{written}"}
    with st.container(key="write", width=1000):
        way_to_all("above", "arrow_back")
        if written == NEW:
            _begin(panel)
            return
        found = session.store().written_lessons.get(written)
        if found is None or found.owner != session.student():
            st.info(_("This lesson is no longer here, or it belongs to someone else."))
            return
        source = course.source_of(found)
        if source is not None:
            _edit(panel, found, source, back)


# ---- a new one -----------------------------------------------------------------------------------------------------


def _begin(panel: Panel) -> None:
    st.title(_("Write a lesson"))
    st.markdown(
        _(
            "A lesson is text in Markdown with live parts: predictions, runs, questions. Begin with a short example and change it, or upload a lesson that you have."
        )
    )
    panel.button("begin", _("Begin with an example"), "add", _create_example, secrets.token_hex(8), primary=True)
    file = st.file_uploader(
        _("A lesson: one Markdown file, or a zip with its images"),
        type=["md", "zip"],
        key=f"lesson_file_{st.session_state.get('lessons_uploaded', 0)}",
        max_upload_size=LESSON_BYTES >> 20,
    )
    if file is not None:
        try:
            source = lessons.uploaded(file.name, file.getvalue(), texts.language())
            made = _create(source)
        finally:
            st.session_state["lessons_uploaded"] = st.session_state.get("lessons_uploaded", 0) + 1
        _open(made)
        st.rerun()


@frame.callback
def _create_example(lesson_id: str) -> None:
    text = TEMPLATE.format(
        title=_("My lesson"),
        teaches=_("what a higher learning rate does"),
        first=_("What happens when the learning rate grows? Say what you expect, then train."),
        second=_("What you saw"),
        ask=_("What does a learning rate of 3 do?"),
        wrong=_("It trains faster"),
        right=_("Training breaks"),
    )
    _open(_create(Source("lesson", {texts.language(): text}), lesson_id))


def _create(source: Source, lesson_id: str | None = None) -> WrittenLesson:
    data = lessons.packed(source)
    return session.store().written_lessons.create(session.student(), _title_of(source), data, lesson_id)


def _open(made: WrittenLesson) -> None:
    st.session_state["lesson_written"] = made.id


def _title_of(source: Source) -> str:
    """What a list calls it: its title, also where it has faults."""
    for text in source.texts.values():
        for line in text.splitlines()[:20]:
            if line.startswith("title:") and (title := line.removeprefix("title:").strip(" \"'")):
                return title
    return _("Lesson without a title")


# ---- as text -------------------------------------------------------------------------------------------------------


def _edit(panel: Panel, written: WrittenLesson, source: Source, back: Mapping[str, str]) -> None:
    st.title(written.title.markdown)
    code = panel.one_of("language", _("Language"), texts.LANGUAGES, _first_language(source), titled=False)
    key = panel.key(f"text_{written.id}_{code}")
    if key not in st.session_state:
        st.session_state[key] = _drafts().get((written.id, code), source.texts.get(code, ""))
    st.text_area(
        _("Text of the lesson"),
        key=key,
        height=480,
        max_chars=TEXT_LETTERS,
        on_change=_keep,
        args=(written, code, key),
        label_visibility="collapsed",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        panel.button("save", _("Save and check"), "save", _save, written, source, code, key, primary=True)
        st.page_link("pages/lessons.py", label=_("Open the lesson"), icon=":material/menu_book:", query_params=back)
        store = session.store()
        download.button(
            _("Download as zip"),
            lambda: store.written_lessons.data(written.id) or b"",
            f"{source.name}.zip",
            key=panel.key("zip"),
            icon=":material/folder_zip:",
        )
        with st.popover(_("Delete"), icon=":material/delete:"):
            st.markdown(_("The lesson goes, and what was answered in it."))
            panel.button("delete", _("Delete the lesson"), "delete", _delete, written)
    if source.texts.get(code) != st.session_state[key]:
        st.caption(_(":material/edit: Not saved yet."))
    _check(source, code)
    _pictures(panel, written, source)


def _drafts() -> dict[tuple[str, str], str]:
    """What is not saved yet, by lesson and language: a field that is not drawn loses its text in Streamlit, the dict does not."""
    drafts: dict[tuple[str, str], str] = st.session_state.setdefault("lesson_drafts", {})
    return drafts


def _keep(written: WrittenLesson, code: str, key: str) -> None:
    _drafts()[written.id, code] = typed(st.session_state.get(key))


def _first_language(source: Source) -> str:
    code = texts.language()
    return code if code in source.texts or not source.texts else next(iter(source.texts))


@frame.callback
def _save(written: WrittenLesson, source: Source, code: str, key: str) -> None:
    text = typed(st.session_state.get(key))[:TEXT_LETTERS]
    kept = {**source.texts, code: text}
    if not text.strip() and len(kept) > 1:
        del kept[code]
    _change(written, Source(source.name, kept, source.images))
    _drafts().pop((written.id, code), None)


def _change(written: WrittenLesson, source: Source) -> None:
    store = session.store().written_lessons
    store.change(written.id, session.student(), _title_of(source), lessons.packed(source))


@frame.callback
def _delete(written: WrittenLesson) -> None:
    session.store().written_lessons.delete(written.id, session.student())
    for code in texts.LANGUAGES:
        _drafts().pop((written.id, code), None)
    st.session_state["lesson_written"] = None


def _check(source: Source, code: str) -> None:
    """The faults of what was saved, by line; or what the lesson holds."""
    if code not in source.texts:
        st.caption(_("There is no text in this language yet: students see the other one."))
        return
    try:
        lesson = lessons.read(source.texts[code], name=source.name, language=code, images=source.images)
    except LessonError as error:
        st.error(faults.words(error), icon=":material/error:")
        return
    st.success(_holds(lesson), icon=":material/check:")


def _holds(lesson: Lesson) -> str:
    steps, blocks = len(split(lesson)), len(lesson.blocks)
    return _("The lesson can be shown. Steps: {steps}, live parts: {blocks}.").format(steps=steps, blocks=blocks)


# ---- images --------------------------------------------------------------------------------------------------------


def _pictures(panel: Panel, written: WrittenLesson, source: Source) -> None:
    with st.expander(_("Images"), icon=":material/image:"):
        st.markdown(_("Name one in a paragraph of its own: `![…](name.png)`"))
        for name in sorted(source.images):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"`{escape.plain(name)}`", width="stretch")
                panel.button(f"drop_{name}", _("Remove"), "close", _drop, written, source, name)
        count = st.session_state.get("images_uploaded", 0)
        file: Any = st.file_uploader(
            _("Add an image"), type=list(IMAGES), key=f"lesson_image_{count}", max_upload_size=1
        )
        if file is not None:
            st.session_state["images_uploaded"] = count + 1
            _add(panel, written, source, file.name, file.getvalue())
            st.rerun()
        _say_added(panel, written, source)


def _say_added(panel: Panel, written: WrittenLesson, source: Source) -> None:
    """What the last image is called; where its name was taken, a way to take the other one's place."""
    lesson, name, taken = panel.session.pop("added", None) or ("", "", None)
    if lesson != written.id or name not in source.images:
        return
    if taken is None or taken not in source.images:
        st.success(_("Added. Its name in the text: `{name}`").format(name=name), icon=":material/check:")
        return
    st.warning(
        _(
            "`{taken}` is in this lesson already and still shows the earlier image. The new one is called `{name}` in the text."
        ).format(taken=taken, name=name),
        icon=":material/content_copy:",
    )
    panel.session["added"] = lesson, name, taken  # for as long as there is something to choose
    label = _("Replace {taken} by the new image").format(taken=escape.markdown(taken))
    panel.button("replace", label, "swap_horiz", _replace, panel, written, source, taken, name)


@frame.callback
def _add(panel: Panel, written: WrittenLesson, source: Source, file: str, content: bytes) -> None:
    panel.session["added"] = None
    added = lessons.with_image(source, file, content)
    _change(written, added.source)
    panel.session["added"] = written.id, added.name, added.taken


@frame.callback
def _replace(panel: Panel, written: WrittenLesson, source: Source, taken: str, name: str) -> None:
    _change(written, lessons.with_replaced(source, taken, name))
    panel.session["added"] = written.id, taken, None


@frame.callback
def _drop(written: WrittenLesson, source: Source, name: str) -> None:
    left = {other: image for other, image in source.images.items() if other != name}
    _change(written, Source(source.name, source.texts, left))
