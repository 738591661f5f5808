"""Names above stretches of an axis: in one row where they fit, in rows below where they do not."""

from __future__ import annotations

from mnist_core.figures.labels import Stretch, in_rows, width_of


def test_a_name_that_fits_stands_in_the_middle_of_its_stretch_and_others_in_rows_below() -> None:
    wide, narrow, last = Stretch("wide", 0, 0.8), Stretch("a long name", 0.8, 0.9), Stretch("another name", 0.9, 1)
    places = in_rows([wide, narrow, last], 300, 14)
    assert (places[0].x, places[0].anchor, places[0].row) == (0.4, "center", 0)
    assert [place.row for place in places[1:]] == [0, 1]
    assert (places[2].x, places[2].anchor) == (1.0, "right")


def test_korean_letters_are_twice_as_wide() -> None:
    assert width_of("학습률", 10) == 30
    assert width_of("rate", 10) < 25
