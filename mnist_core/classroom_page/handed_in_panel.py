"""What students have handed in: the teacher's list, one report, all of them as one zip. The store allows it, or does not."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from mnist_core.class_records import Class, HandedIn
from mnist_core.classroom_page import class_link
from mnist_core.report import with_script
from mnist_core.ui import download, frame, handed_in, session, times
from mnist_core.ui.texts import _, ngettext

ROW = 37  # pixels


def draw(class_id: str, secret: str) -> None:
    """The list; a fragment that is drawn anew when somebody hands in."""
    class_link.draw(class_id, "handed_in_link")
    opened = session.store().classes.get(class_id)
    if opened is None:
        return
    with st.expander(_("Reports handed in"), icon=":material/inbox:", key="handed_in"):
        frame.safely(_list)(opened, secret)


def _list(opened: Class, secret: str) -> None:
    reports = session.store().reports.of_class(opened.id, secret)
    if not reports:
        st.caption(_("Nothing yet. Students find **Hand in** where they export a run, a sweep or a comparison."))
        return
    st.caption(ngettext("{n} report", "{n} reports", len(reports)).format(n=f"{len(reports):,}"))
    newest = reports[::-1]
    event = st.dataframe(
        pd.DataFrame([_row(one) for one in newest]),
        hide_index=True,
        height=min(11, len(reports) + 1) * ROW + 4,
        key=f"handed_in_{len(reports)}_{newest[0].id}",
        on_select="rerun",
        selection_mode="single-row",
    )
    with st.container(horizontal=True):
        st.link_button(
            _("All reports as one zip"),
            handed_in.link(opened.id),
            icon=":material/folder_zip:",
            help=_("Each is a file that opens by itself. The date of a file is that of its handing in."),
        )
        for place in event["selection"]["rows"][:1]:
            _one(opened, secret, newest[place])


def _row(one: HandedIn) -> dict[str, str]:
    return {
        _("Nickname"): one.nickname.cell,
        _("Report"): one.title.cell,
        _("Handed in"): times.moment(one.handed_in_at),
    }


def _one(opened: Class, secret: str, one: HandedIn) -> None:
    download.button(
        _("Report of {nickname}").format(nickname=one.nickname.markdown),
        lambda: with_script(*session.store().reports.content(opened.id, secret, one.id)),
        f"{download.words(one.title, 'report')}-{one.id}.html",
        key=f"report_{one.id}",
        icon=":material/article:",
    )
