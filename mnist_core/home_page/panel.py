"""The Home page: what this is in a moving picture, one button that does it, three experiments, and the ideas."""

from __future__ import annotations

import secrets
from pathlib import Path

import streamlit as st

from mnist_core import sweep_range
from mnist_core.figures.sweep import ZONE_LABELS
from mnist_core.home_page import figure
from mnist_core.home_page.recorded import CONFIG, EXPERIMENTS, RATES, recording
from mnist_core.messages import N_, number_text
from mnist_core.panels import course, draft
from mnist_core.records import SweepRecord
from mnist_core.ui import chart, data_note, frame, seal, session, texts
from mnist_core.ui.drawing import drawing
from mnist_core.ui.texts import _

SCRIPTS = Path(__file__).with_name("scripts")
# Heading and text of each of EXPERIMENTS.
EXPERIMENT_TEXTS = (
    (N_("See it learn"), N_("A network with one hidden layer reaches 98% accuracy in five epochs.")),
    (N_("Break it"), N_("Another network, with 50 hidden units, learns nothing at all at learning rate 1.5. Why?")),
    (N_("See it overfit"), N_("With only 1,000 images, the network memorizes them: the two curves separate.")),
)
# In place of the first, which is a test accuracy, while the test set is sealed.
SEALED_TEXT = N_("A network with one hidden layer reaches a training accuracy of 98.9% in five epochs.")
# Page, its name, icon, the question that it answers.
IDEAS = (
    ("two_inputs", N_("Two inputs"), "scatter_plot", N_("How does a network bend its decision boundary, and what does each unit see?")),
    ("data", N_("Data"), "grid_view", N_("What does a network see in an image of a digit, and why are the images split into three sets?")),
    ("loss_and_gradients", N_("Loss and gradients"), "functions", N_("How wrong is an answer, and which change makes it better?")),
    ("architecture", N_("Architecture"), "account_tree", N_("What do layers, units and filters cost, and what do they improve?")),
    ("batch_size", N_("Batch size"), "stacks", N_("How many images should each update use?")),
    ("why", N_("Why training breaks"), "help_center", N_("Where is the edge above which training breaks?")),
)  # fmt: skip
STYLE = """<style>
.stMainBlockContainer .st-key-home_words h1 { font-size: 2.3rem; line-height: 1.15; padding-bottom: 0.4rem; }
.st-key-home_words h1, .st-key-home_words p { word-break: keep-all; }
.st-key-home_words [data-testid="stPageLink"] p { white-space: normal; }
.st-key-home_words [data-testid="stMarkdownContainer"] p { font-size: 1.1rem; }
.st-key-home_train button { padding: 0.55rem 1.1rem; }
.st-key-home_train button p { font-size: 1.15rem !important; font-weight: 600; }
.mnist-lab-small .names { display: flex; flex-wrap: wrap; gap: 0 0.9rem; font-size: 0.85rem; }
.mnist-lab-small .plot { display: flex; gap: 0.4rem; height: 7.5rem; margin-top: 0.2rem; }
.mnist-lab-small .ends { display: flex; flex-direction: column; justify-content: space-between; text-align: right;
  font-size: 0.75rem; line-height: 1; opacity: 0.7; min-width: 2.2rem; }
.mnist-lab-small svg { flex: 1; min-width: 0; height: 100%; overflow: visible; border-left: 1px solid #8888; border-bottom: 1px solid #8888; }
.st-key-home_ideas { display: grid; grid-template-columns: repeat(auto-fill, minmax(13.5rem, 1fr)); align-items: start; }
.st-key-home_words [data-testid="stPageLink"] a, .st-key-home_ideas [data-testid="stPageLink"] a,
 .st-key-home_experiments [data-testid="stPageLink"] a { padding-left: 0; }
</style>"""


def draw() -> None:
    """The whole page."""
    if sweep_id := st.session_state.pop("home_sweep", None):
        st.switch_page("pages/learning_rate.py", query_params={"sweep": sweep_id})
    st.html(STYLE)
    words, picture = st.columns([5, 8], gap="large", vertical_alignment="center")
    with words, st.container(key="home_words"):
        _words()
    with picture:
        _moving_picture()
    _experiments()
    _ideas()


def _words() -> None:
    """What this is, and what to press."""
    st.title(_("See how neural networks train"))
    by_zone = {zone: rate_curves for zone in ZONE_LABELS if (rate_curves := recording().of_zone(zone))}
    best = max(recording().curves, key=lambda curve: curve.final)
    st.markdown(
        _(
            "One network, eight learning rates. At **{small}** it learns too slowly; at **{good}** it reads {percent}% of new digits correctly; at **{edge}** training is unstable; at **{broken}** it only guesses."
        ).format(
            small=number_text(by_zone["small"][0].rate),
            good=number_text(best.rate),
            percent=round(100 * best.final),
            edge=number_text(by_zone["edge"][-1].rate),
            broken=number_text(by_zone["broken"][-1].rate),
        )
    )
    st.button(
        _("Train these eight now"),
        key="home_train",
        type="primary",
        icon=":material/play_arrow:",
        on_click=train_all,
        args=(secrets.token_hex(5),),
    )
    st.page_link("pages/train.py", label=_("Or train with your own settings"), icon=":material/tune:")
    if first := next((entry.name for entry in course.ours() if entry.lesson is not None), None):
        query = {"lesson": first}
        st.page_link(
            "pages/lessons.py", label=_("Or begin the first lesson"), icon=":material/menu_book:", query_params=query
        )


@frame.callback
def train_all(sweep_id: str) -> None:
    """Queue the eight runs of the picture and show them on the Learning-rate page, once however often the press arrives."""
    student, config = session.student(), CONFIG.replace(dataset=data_note.dataset())
    # The store knows when.
    sweep = SweepRecord(sweep_id, student, 0.0, config, RATES, 1)
    if draft.config() == draft.base():  # nobody has set anything: the next press there trains the same network
        draft.load(config)
    session.store().sweeps.create(sweep, sweep_range.variants(config, RATES))
    st.session_state["home_sweep"] = sweep_id


def _moving_picture() -> None:
    data = figure.curves(recording(), session.dark(), _)
    component = st.components.v2.component("mnist_lab_home", js=chart.LOADER, isolate_styles=False)
    longest = max(len(curve["zone"]) for curve in data["curves"])
    about = _("Recorded on MNIST: {hidden} hidden units, {epochs} epochs; same initial weights, same batches.").format(
        hidden=CONFIG.hidden_layers[0], epochs=CONFIG.epochs
    )
    data |= {
        "key": "home_rates",
        "script": chart.script("rates.js", SCRIPTS),
        "longest": longest * (1.9 if texts.language() == "ko" else 1),  # letters are twice as wide
        "language": texts.language(),
        "play": _("Play"),
        "pause": _("Pause"),
        "about": about,
    }
    component(key="home_rates", data=data, height="content")


def _experiments() -> None:
    """Three experiments, each with what one will see."""
    st.subheader(_("Three experiments to start with"))
    with st.container(key="home_experiments"):
        columns = st.columns(len(EXPERIMENTS), gap="medium")
    for column, preset, (heading, text) in zip(columns, EXPERIMENTS, EXPERIMENT_TEXTS, strict=True):
        with column, st.container(border=True, height="stretch"):
            st.subheader(_(heading))
            st.markdown(_(SEALED_TEXT if seal.sealed() and preset == EXPERIMENTS[0] else text))
            _small_picture(preset)
            st.page_link(
                "pages/train.py",
                label=_("Open this experiment"),
                icon=":material/arrow_forward:",
                query_params={"preset": preset},
            )


def _small_picture(preset: str) -> None:
    picture = figure.small_picture(preset, recording(), session.dark(), _, sealed=seal.sealed())
    drawing(picture, key=f"home_{preset}")


def _ideas() -> None:
    st.subheader(_("Explore the ideas behind it"))
    with st.container(key="home_ideas"):
        for name, title, icon, question in IDEAS:
            with st.container(gap=None):
                st.page_link(f"pages/{name}.py", label=_(title), icon=f":material/{icon}:")
                st.caption(_(question))
