"""Images of one's own on the pages: uploaded, looked at, kept, chosen to train on, deleted; names that are typed stay text."""

from __future__ import annotations

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

    app.switch_page("pages/data.py").run()
    app.button(key=f"own_delete_{images.id}").click().run()
    assert store.own_images.of_student(owner) == []
    assert "Kitchen" not in texts(app)
    for page in ("train", "inspect"):
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
