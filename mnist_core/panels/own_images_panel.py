"""Images of one's own on the Data page: gathered from files or a zip, shown as a network sees them, kept, shared, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from mnist_core import data, escape
from mnist_core.data import own_images
from mnist_core.data.own_images import Collection, How
from mnist_core.errors import MnistLabError
from mnist_core.figures.digits import image_sheet
from mnist_core.messages import N_
from mnist_core.records import OwnImages
from mnist_core.ui import classwork, frame, names, session, visits
from mnist_core.ui import own_images as kept
from mnist_core.ui.texts import _, ngettext

HOW: dict[How, str] = {
    "drawing": N_("Drawings and signs: cut out and centered, as MNIST's digits are"),
    "photo": N_("Whole pictures: the middle square, made small"),
}
TYPES = ("jpg", "jpeg", "png", "webp", "gif", "bmp", "zip")
SHOWN, COLUMNS = 20, 20  # images of a class
WIDTH = 140  # on the page, of two images side by side
REFUSED = 5  # files that are told one by one
UNEVEN = 2  # times the images of the smallest class: from there on one answer to all looks like learning


def draw() -> None:
    """Those that are kept, and the way to new ones."""
    st.subheader(_("Images of your own"))
    st.markdown(
        _(
            "Two to ten classes with at least three images each, such as photos of two gestures or drawings of five signs. Every image becomes 28×28 pixels in gray. Fifty photos are enough to see overfitting."
        )
    )
    titles = names.own_titles()
    for images in kept.mine():
        _kept(images, titles.get(images.name, images.title.plain))
    frame.fragment(_new)()


# ---- new ones --------------------------------------------------------------------------------------------------


def _gathered() -> Collection:
    gathered: Collection = st.session_state.setdefault("own_gathered", Collection())
    return gathered


def _new() -> None:
    gathered = _gathered()
    with st.expander(_("Add images"), icon=":material/add_photo_alternate:", expanded=bool(gathered.images)):
        titles = {how: _(title) for how, title in HOW.items()}
        how: How = st.radio(_("What the images show"), list(titles), format_func=titles.__getitem__, key="own_how")
        st.text_input(
            _("Class of these files"),
            key="own_class",
            max_chars=own_images.NAME_LETTERS,
            help=_("Not needed for a zip: there each folder is a class, and its name is that of the class."),
        )
        number = st.session_state.get("own_upload", 0)  # a field of its own for each upload, so that it is empty again
        files = st.file_uploader(
            _("Images of one class, or one zip with a folder for each class"),
            type=list(TYPES),
            accept_multiple_files=True,
            key=f"own_files_{number}",
        )
        st.button(_("Read these files"), key="own_read", disabled=not files, on_click=_read, args=(files, how))
        if message := st.session_state.get("own_error"):
            st.warning(escape.markdown(message.text(_)))
        _refused(gathered)
        if gathered.images:
            _preview(gathered)


@frame.callback
def _read(files: Sequence[Any], how: How) -> None:
    gathered, st.session_state["own_error"] = _gathered(), None
    gathered.refused.clear()
    try:
        zips = [file for file in files if file.name.lower().endswith(".zip")]
        for file in zips:
            gathered.add_zip(file.getvalue(), how)
        others = [(file.name, file.getvalue()) for file in files if file not in zips]
        if others:
            gathered.add(st.session_state.get("own_class", ""), others, how)
    except MnistLabError as error:
        st.session_state["own_error"] = error.message
        return
    for file in files:
        visits.forget(file)
    st.session_state["own_upload"] = st.session_state.get("own_upload", 0) + 1
    st.session_state["own_class"] = ""


def _refused(gathered: Collection) -> None:
    if not gathered.refused:
        return
    lines = [
        f"- **{escape.markdown(name)}**: {escape.markdown(why.text(_))}" for name, why in gathered.refused[:REFUSED]
    ]
    more = len(gathered.refused) - REFUSED
    if more > 0:
        lines.append("- " + _("and {more} more").format(more=more))
    st.warning(_("These files were left out:") + "\n" + "\n".join(lines))


def _preview(gathered: Collection) -> None:
    for name, images in gathered.images.items():
        counted = ngettext("{n} image", "{n} images", len(images)).format(n=f"{len(images):,}")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape.markdown(name)}** · " + counted, width="stretch")
            st.button(
                _("Remove"), key=f"own_remove_{list(gathered.images).index(name)}", on_click=_remove, args=(name,)
            )
        shown = images[:SHOWN]
        st.image(image_sheet(np.stack(shown), min(COLUMNS, len(shown)), scale=2), width=min(1_000, 50 * len(shown)))
    _say_where_classes_are_uneven([len(images) for images in gathered.images.values()])
    st.text_input(_("Name of this set"), key="own_title", max_chars=60)
    st.button(_("Keep these images"), key="own_keep", type="primary", on_click=_keep)


def _say_where_classes_are_uneven(counts: Sequence[int]) -> None:
    """One answer to all images then looks like a network that has learned."""
    if counts and max(counts) > UNEVEN * min(counts):
        st.warning(
            _(
                "The classes have {fewest} to {most} images. A network that always answers the largest one gets {share} of all images right: collect about as many of each."
            ).format(fewest=f"{min(counts):,}", most=f"{max(counts):,}", share=f"{max(counts) / sum(counts):.0%}"),
            icon=":material/balance:",
        )


@frame.callback
def _remove(name: str) -> None:
    _gathered().images.pop(name, None)


@frame.callback
def _keep() -> None:
    gathered = _gathered()
    try:
        gathered.check()
        packed = own_images.pack(gathered.images)
        title = st.session_state.get("own_title", "").strip() or ", ".join(gathered.images)
        session.store().own_images.create(session.student(), title, list(gathered.images), packed)
    except MnistLabError as error:
        st.session_state["own_error"] = error.message
        return
    st.session_state["own_gathered"], st.session_state["own_error"] = Collection(), None
    st.session_state["own_title"] = ""
    frame.draw_anew()


# ---- those that are kept ---------------------------------------------------------------------------------------


def _kept(images: OwnImages, title: str) -> None:
    with st.container(border=True, key=f"own-{images.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape.markdown(title)}** · {_counts(images)}", width="stretch")
            _buttons(images)
        try:
            _samples(images)
        except MnistLabError as error:
            st.warning(escape.markdown(error.message.text(_)))
        st.caption(
            _(
                "{train} images to train and to choose settings with, {test} to test with: a fifth of each class, the same ones each time. Choose these images on the Train page, under Data."
            ).format(train=f"{images.train:,}", test=f"{images.test:,}")
        )


def _counts(images: OwnImages) -> str:
    return _("{n} classes, {images} images").format(n=len(images.classes), images=f"{images.train + images.test:,}")


def _samples(images: OwnImages) -> None:
    """Two images of each class with its name beneath."""
    dataset = data.load_dataset(images.name)
    with st.container(horizontal=True):
        for label, name in enumerate(images.classes):
            rows = np.flatnonzero(dataset.train_labels == label)[:2]
            with st.container(width=WIDTH):
                st.image(image_sheet(dataset.train_images[rows], 2, scale=3), width=WIDTH)
                st.caption(name.markdown)


def _buttons(images: OwnImages) -> None:
    if images.owner != session.student():
        st.caption(_("shared with your class"), width="content")
        return
    if (mine := classwork.taught()) is not None:
        shared = images.class_id == mine.in_class.id
        label = (
            _("Stop sharing") if shared else _("Share with the class {name}").format(name=mine.in_class.name.markdown)
        )
        class_id = None if shared else mine.in_class.id
        st.button(label, key=f"own_share_{images.id}", on_click=_share, args=(images.id, class_id, mine.secret))
    with st.popover(_("Delete"), icon=":material/delete:"):
        st.markdown(_("Delete these images? Runs that were trained on them stay, but cannot be trained further."))
        st.button(_("Delete"), key=f"own_delete_{images.id}", on_click=_delete, args=(images.id,))


@frame.callback
def _share(images_id: str, class_id: str | None, secret: str) -> None:
    session.store().own_images.share(images_id, session.student(), class_id, secret)


@frame.callback
def _delete(images_id: str) -> None:
    session.store().own_images.delete(images_id, session.student())
