"""Images of one's own on the pages: uploaded, looked at, kept, chosen to train on, deleted; names that are typed stay text."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.data import own_images
from mnist_core.store import Store
from tests.data.test_own_images import picture, zipped
from tests.pages.conftest import Open
from tests.pages.content import texts


def test_from_a_zip_to_a_run_and_gone(open_page: Open, built_in: None, store: Store) -> None:
    app = open_page("data")
    owner = app.session_state["student"]
    files = {f"<b>cup/{number}.png": picture("lying", place=number) for number in range(5)}
    files |= {f"spoon/{number}.png": picture("upright", place=number) for number in range(5)} | {
        "spoon/notes.txt": b"x"
    }
    app.file_uploader(key="own_files_0").upload("mine.zip", zipped(files), "application/zip").run()
    app.radio(key="own_how").set_value("photo").run()
    app.button(key="own_read").click().run()
    assert not app.exception
    assert "These files were left out" in texts(app)
    assert "notes.txt" in texts(app)
    assert "5 images" in texts(app)
    app.text_input(key="own_title").set_value("Kitchen").run()
    app.button(key="own_keep").click().run()
    (images,) = store.own_images.of_student(owner)
    assert (images.title.raw, [name.raw for name in images.classes]) == ("Kitchen", ["<b>cup", "spoon"])
    assert (images.train, images.test) == (8, 2)
    assert "**Kitchen** · 2 classes, 10 images" in texts(app)

    app.switch_page("pages/train.py").run()
    app.segmented_control(key="c_dataset").set_value("Kitchen").run()  # by its title: the test is no student
    assert not app.exception
    app.button(key="run").click().run()
    (run,) = store.runs.newest(owner)
    assert (run.config.dataset, run.config.classes) == (images.name, 2)
    assert (run.config.train_size, run.config.validation_size) == (6, 2)
    assert run.preset  # which would have more images than there are
    assert not app.error

    app.switch_page("pages/data.py").run()
    app.button(key=f"own_delete_{images.id}").click().run()
    assert store.own_images.of_student(owner) == []
    assert "Kitchen" not in texts(app)
    for page in ("train", "inspect"):
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception


@pytest.mark.parametrize("view", ["samples", "classes", "numbers"])
def test_the_views_of_the_data_page_show_them_with_their_names(
    view: str, open_page: Open, built_in: None, store: Store
) -> None:
    app = open_page("data", view=view)
    random = np.random.default_rng(0)
    made = {name: list(random.integers(0, 256, (5, 28, 28), np.uint8)) for name in ("c*p", "spoon", "fork")}
    images = store.own_images.create(app.session_state["student"], "Kitchen", list(made), own_images.pack(made))
    app.run()
    control = app.segmented_control(key="data_set")
    assert control.options[-1] == "Kitchen"
    control.set_value("Kitchen").run()
    assert not app.exception
    assert app.segmented_control(key="data_view").options == ["Samples", "Classes", "Pixel values"]
    said = texts(app)
    if view == "samples":
        assert "12 of 12 training images" in said
        assert "From top to bottom: c*p, spoon, fork." in said
        app.segmented_control(key="samples_order").set_value("by difficulty").run()
    elif view == "classes":
        assert app.select_slider(key="classes_size").options == ["2", "5", "10"]
        assert "Of 10 training images, the most frequent class is **" in said
        assert app.segmented_control(key="classes_one").options == ["c&#42;p", "spoon", "fork"]
    else:
        assert app.slider(key="pixel_values_image").max == 12
        assert "Image 1 (**" in said
    assert not app.exception
    store.own_images.delete(images.id, app.session_state["student"])
    app.run()
    assert not app.exception
    assert not any(control.key == "data_set" for control in app.segmented_control)
