"""A panel's instance: the names of all that belongs to one place where an idea or another panel stands, and where its controls begin.

The same panel may stand twice on one page. What it keeps in the session, the keys of its widgets and charts, and its parameters
in the address are therefore asked of its `Panel`, which is the first argument of whatever draws: `panel.key("rate")`,
`panel.session["row"]`, `panel.address("run")`. Controls that somebody else may set are drawn by the methods that are named like
Streamlit's: they take the name in front of the label. What a student sets there is in the address, under the control's key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import streamlit as st

from mnist_core.errors import InitialValueError
from mnist_core.messages import N_
from mnist_core.ui import address, address_text
from mnist_core.ui.texts import _

T = TypeVar("T")
SHOWN_OPTIONS = 12  # in the sentence about a value that is none of them


@dataclass(frozen=True)
class Panel:
    """One place where a panel stands.

    `name`: of the idea; empty for the panels of a page that is about one thing. `instance`: which of several on one page, in
    small letters and digits; empty where the panel stands on its own page, whose addresses then are the plain ones.
    `initial`: what its controls show at first, by their names; another value than they can show is an InitialValueError.
    `alone`: it has its page for itself, whose address calls the controls by their own names.
    """

    name: str = ""
    instance: str = ""
    initial: Mapping[str, Any] = field(default_factory=dict)
    alone: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch("[a-z0-9]*", self.instance):
            raise ValueError(f"expected an instance of small letters and digits, got {self.instance!r}")

    # ---- names -----------------------------------------------------------------------------------------------------

    def key(self, name: str) -> str:
        """Key of the panel's widget, chart or container `name`."""
        return self.address(f"{self.name}_{name}" if self.name else name)

    def address(self, parameter: str) -> str:
        """The panel's parameter in the address."""
        return f"{self.instance}-{parameter}" if self.instance else parameter

    def parameter(self, control: str) -> str:
        """What the address calls the control."""
        return self.address(control) if self.alone else self.key(control)

    def begins(self, name: str, default: T, read: Callable[[str], T | None]) -> T | None:
        """What to give the control's widget as its default (`address.begins`)."""
        return address.begins(self.key(name), default, read, self.parameter(name))

    @property
    def session(self) -> MutableMapping[str, Any]:
        """What the panel keeps in the session, by its own names; the values of its widgets among it."""
        return _Entries(self)

    def follow(self, name: str, parameter: str) -> str | None:
        """What is shown under `name` of the session: as the panel's `parameter` asks where the address was followed."""
        return address.follow(self.key(name), self.address(parameter))

    # ---- where controls begin --------------------------------------------------------------------------------------

    def initial_number(self, name: str, default: T, least: float, most: float) -> T:
        """The number, or pair of numbers, that `name` begins with: the `default` unless another was given."""
        if name not in self.initial:
            return default
        value = self.initial[name]
        pair = isinstance(default, tuple)
        numbers = tuple(value) if pair and isinstance(value, list | tuple) else (value,)
        kind: Any = type(default[0] if isinstance(default, tuple) else default)
        if len(numbers) != (2 if pair else 1) or not all(
            address_text.fits(number, kind, least, most) for number in numbers
        ):
            template = N_("“{control}” cannot begin with {value}: expected a number from {least} to {most}.")
            raise InitialValueError(template, control=name, value=value, least=least, most=most)
        converted = tuple(kind(number) for number in numbers)
        return converted if pair else converted[0]  # type: ignore[return-value]

    def initial_choice(self, name: str, default: T, options: Sequence[T]) -> T:
        """The one of `options` that `name` begins with."""
        if name not in self.initial:
            return default
        return self._one_of(name, self.initial[name], options)

    def initial_choices(self, name: str, default: Sequence[T], options: Sequence[T]) -> list[T]:
        """Those of `options` that `name` begins with."""
        values = self.initial.get(name, default)
        listed = values if isinstance(values, Sequence) and not isinstance(values, str) else [values]
        return [self._one_of(name, value, options) for value in listed]

    def _one_of(self, name: str, value: Any, options: Sequence[T]) -> T:
        for option in options:
            if option == value and isinstance(option, bool) == isinstance(value, bool):
                return option
        listed = ", ".join(str(option) for option in options[:SHOWN_OPTIONS])
        if len(options) > SHOWN_OPTIONS:
            listed += " …"
        template = N_("“{control}” cannot begin with {value}: expected one of {options}.")
        raise InitialValueError(template, control=name, value=value, options=listed)

    # ---- controls --------------------------------------------------------------------------------------------------

    def button(
        self,
        name: str,
        label: str,
        icon: str,
        on_click: Callable[..., None],
        *args: Any,
        primary: bool = False,
        **more: Any,
    ) -> None:
        """`st.button` with one of Material's icons, which calls `on_click` with `args`; `primary`: what the page is about."""
        st.button(
            label,
            key=self.key(name),
            icon=f":material/{icon}:",
            type="primary" if primary else "secondary",
            on_click=on_click,
            args=args,
            **more,
        )

    # Each begins with what the address says of it, and the address says its value from then on.

    def slider(
        self,
        name: str,
        label: str,
        least: float,
        most: float,
        value: T,
        step: Any = None,
        format: str | None = None,
        **more: Any,
    ) -> T:
        """`st.slider` from `least` to `most`; a pair of values makes two handles."""
        value = self.initial_number(name, value, least, most)
        start = self.begins(name, value, partial(address_text.number, like=value, least=least, most=most))
        if format is None and isinstance(most, int) and most >= 1_000:
            format = "%,d"
        chosen: T = st.slider(label, least, most, start, step, format, key=self.key(name), **more)
        return self.keep(name, chosen, value)

    def number(self, name: str, default: T, least: float, most: float) -> T:
        """What the slider `name`, which is drawn further below, shows or will begin with."""
        value = self.initial_number(name, default, least, most)
        return address.shows(
            self.key(name),
            value,
            partial(address_text.number, like=value, least=least, most=most),
            self.parameter(name),
        )

    def select_slider(self, name: str, label: str, options: Sequence[T], value: T, **more: Any) -> T:
        """`st.select_slider` over the options."""
        value = self.initial_choice(name, value, options)
        start = self.begins(name, value, partial(address_text.choice, options=options))
        chosen: T = st.select_slider(label, options, start, **{"key": self.key(name), "format_func": _as_text, **more})
        return self.keep(name, chosen, value)

    def selectbox(self, name: str, label: str, options: Sequence[T], value: T | None = None, **more: Any) -> T:
        """`st.selectbox`, at first with `value` (None: the first of the options)."""
        first = self.initial_choice(name, options[0] if value is None else value, options)
        start = self.begins(name, first, partial(address_text.choice, options=options))
        place = 0 if start is None else options.index(start)
        chosen: T = st.selectbox(label, options, place, **{"key": self.key(name), "format_func": _as_text, **more})
        return self.keep(name, chosen, first)

    def toggle(self, name: str, label: str, value: bool = False, **more: Any) -> bool:
        """`st.toggle`."""
        value = self.initial_choice(name, value, (False, True))
        start = self.begins(name, value, partial(address_text.choice, options=(False, True)))
        return self.keep(name, st.toggle(label, bool(start), key=self.key(name), **more), value)

    def number_input(self, name: str, label: str, least: int, most: int, value: int, **more: Any) -> int:
        """`st.number_input` for a whole number."""
        value = self.initial_number(name, value, least, most)
        start = self.begins(name, value, partial(address_text.number, like=value, least=least, most=most))
        shown: Any = "min" if start is None else start  # Streamlit's word for no default
        return self.keep(name, int(st.number_input(label, least, most, shown, key=self.key(name), **more)), value)

    def one_of(
        self, name: str, label: str, titles: Mapping[T, str], value: T, *, titled: bool = True, wrap: bool | None = None
    ) -> T:
        """One of a few that stand side by side (option → its title, which is translated here), never none.

        `titled`: whether the label is seen; screen readers are told it anyway. `wrap`: into more rows where there is no room
        (default: as Streamlit does).
        """
        names = {option: _(title) for option, title in titles.items()}
        first = self.initial_choice(name, value, list(titles))
        chosen = st.segmented_control(
            label,
            list(titles),
            default=self.begins(name, first, partial(address_text.choice, options=list(titles))),
            required=True,
            key=self.key(name),
            format_func=names.__getitem__,
            label_visibility="visible" if titled else "collapsed",
            wrap=wrap,
        )
        return self.keep(name, first if chosen is None else chosen, first)

    def pills(self, name: str, label: str, options: Sequence[T], value: Sequence[T], **more: Any) -> list[T]:
        """`st.pills`: any number of a few that stand side by side."""
        return self._several(partial(st.pills, selection_mode="multi"), name, label, options, value, more)

    def several_of(self, name: str, label: str, options: Sequence[T], value: Sequence[T], **more: Any) -> list[T]:
        """`st.segmented_control`: any number of a few, as one control."""
        widget = partial(st.segmented_control, selection_mode="multi")
        return self._several(widget, name, label, options, value, more)

    def _several(
        self, widget: Any, name: str, label: str, options: Sequence[T], value: Sequence[T], more: Mapping[str, Any]
    ) -> list[T]:
        first = self.initial_choices(name, value, options)
        start = self.begins(name, first, partial(address_text.choices, options=options))
        chosen = widget(label, options, **{"default": start, "key": self.key(name), "format_func": _as_text, **more})
        return self.keep(name, list(chosen), first)

    def multiselect(
        self, name: str, label: str, options: Sequence[T], value: Sequence[T], most: int, **more: Any
    ) -> list[T]:
        """`st.multiselect`: at most `most` of many; what is no option any more is left out."""
        key, first = self.key(name), self.initial_choices(name, value, options)
        start: list[T] | None = self.begins(name, first, lambda text: address_text.some(text, options)[:most])
        shown = self.session.get(name, [])
        if not set(shown) <= set(options):
            start = address.widget_default(key, [option for option in shown if option in options])
        chosen = st.multiselect(label, options, start, key=key, max_selections=most, placeholder=_("none"), **more)
        return self.keep(name, list(chosen), first)

    def keep(self, name: str, value: T, first: T) -> T:
        """`value` of the control `name`, of which the address is told where it is another one than `first`."""
        address.keep(self.parameter(name), None if value == first else address_text.of(value))
        return value

    def let(self, name: str, value: Any) -> None:
        """Let the control `name` show `value` when it is drawn next; for callbacks."""
        address.let(self.key(name), value)


def _as_text(option: Any) -> str:
    """What a control says of an option, where nobody says it otherwise."""
    return f"{option:,}" if isinstance(option, int) and not isinstance(option, bool) else str(option)


class _Entries(MutableMapping[str, Any]):
    """The part of the session's state that is one panel's."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    def __getitem__(self, name: str) -> Any:
        return st.session_state[self._panel.key(name)]

    def __setitem__(self, name: str, value: Any) -> None:
        st.session_state[self._panel.key(name)] = value

    def __delitem__(self, name: str) -> None:
        del st.session_state[self._panel.key(name)]

    def __iter__(self) -> Iterator[str]:
        start = self._panel.key("")
        return (str(key).removeprefix(start) for key in st.session_state if str(key).startswith(start))

    def __len__(self) -> int:
        return sum(1 for _name in self)


PAGE = Panel()  # the one of a page that is about one thing: Train, Learning rate, Compare, Inspect
