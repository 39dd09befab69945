"""The switches on the page: each control, and beside it what it does, what was measured, and when it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from app.web.literal import in_html, in_markdown
from app.web.settings.gains import gains
from app.web.settings.saving import SettingsSource, save_or_say, shown_value, to_default
from app.web.settings.switches import WHEN, Switch
from citewell.kept_settings import values_of
from kb.errors import CitewellError
from kb.settings import Settings

SAID = "settings-said"
"""Of the session's state: the switch that was changed last, whether that went well, and what to say of it."""


@dataclass(frozen=True, slots=True)
class Form:
    """What all switches of the page need to know. `models` are the names of those on this machine, by section."""

    source: SettingsSource
    settings: Settings
    modes: Sequence[str]
    models: Mapping[str, Sequence[str]]
    kept: frozenset[str]
    overridden: Mapping[str, str]

    def is_idle(self, switch: Switch) -> bool:
        """Whether it can do nothing, since it asks a language model and none is named."""
        return switch.asks_model and not self.settings.generator.names_one


def show_switches(form: Form, switches: Sequence[Switch]) -> None:
    for switch in switches:
        with st.container(key=f"cw-switch-{_slug(switch)}"):
            left, right = st.columns([5, 7], gap="medium")
            with left:
                _control(form, switch)
                _default(form, switch)
            with right:
                st.html(explanation_html(form, switch))
            _show_said(switch)


def explanation_html(form: Form, switch: Switch) -> str:
    gain = gains().get(switch.name)
    lines = [f'<p class="cw-effect">{in_html(switch.effect)}</p>']
    if gain:
        lines.append(
            f'<p class="cw-small"><strong>Measured:</strong> {in_html(gain.sentence)} '
            f'<span class="cw-from">From <code>{_command_html(gain.command)}</code></span></p>'
        )
    if switch.cost:
        lines.append(f'<p class="cw-small"><strong>Time:</strong> {in_html(switch.cost)}</p>')
    lines.append(f'<p class="cw-small">{in_html(_when(form, switch))}</p>')
    return "".join(lines)


def _command_html(command: str) -> str:
    """Broken between its words alone."""
    return " ".join(f'<span class="cw-word">{in_html(word)}</span>' for word in command.split())


def _when(form: Form, switch: Switch) -> str:
    if switch.key in form.overridden:
        variable = form.overridden[switch.key]
        return f"Set by the variable {variable} when Citewell was started; to change it here, start without it."
    if form.is_idle(switch):
        return "Needs a language model: name one under “Language model” first."
    return WHEN[switch.needs]


def _control(form: Form, switch: Switch) -> None:
    key = _key(switch)
    st.session_state[key] = shown_value(switch, form.settings)
    label = in_markdown(switch.label)
    disabled = switch.key in form.overridden or (form.is_idle(switch) and not st.session_state[key])
    changed = _changed(form, switch)
    if switch.kind in ("switch", "stage"):
        st.toggle(label, key=key, on_change=changed, disabled=disabled)
    elif switch.kind == "choice":
        names = dict(switch.names)
        st.selectbox(
            label, list(names), format_func=lambda value: names[value], key=key, on_change=changed, disabled=disabled
        )
    elif switch.kind == "mode":
        st.selectbox(label, _with(form.modes, key), key=key, on_change=changed, disabled=disabled)
    elif switch.kind == "model":
        _model(form, switch, changed, disabled=disabled)
    elif switch.kind == "text":
        st.text_input(label, key=key, on_change=changed, disabled=disabled, placeholder=switch.empty)
    else:
        _number(switch, changed, disabled=disabled)


def _model(form: Form, switch: Switch, changed: Callable[[], None], *, disabled: bool) -> None:
    key = _key(switch)
    known = [*([""] if switch.empty else []), *form.models.get(switch.key.split(".")[0], ())]
    st.selectbox(
        in_markdown(switch.label),
        _with(known, key),
        format_func=lambda name: name or switch.empty,
        key=key,
        on_change=changed,
        disabled=disabled,
        accept_new_options=True,
        help="Choose one, or type a folder or a name.",
    )


def _number(switch: Switch, changed: Callable[[], None], *, disabled: bool) -> None:
    number = int if switch.kind == "whole" else float
    step, shown_as = {"whole": (1, "%d"), "share": (0.01, "%.2f"), "seconds": (1.0, "%.1f")}[switch.kind]
    st.number_input(
        in_markdown(switch.label),
        min_value=number(switch.low),
        max_value=number(switch.high),
        value=None if switch.empty else "min",
        step=step,
        format=shown_as,
        key=_key(switch),
        on_change=changed,
        disabled=disabled,
        placeholder=switch.empty or None,
    )


def _with(options: Sequence[str], key: str) -> list[str]:
    """The options, and the one that is set, should it not be among them."""
    chosen = st.session_state[key]
    return list(options) if chosen in options else [*options, chosen]


def _changed(form: Form, switch: Switch) -> Callable[[], None]:
    def changed() -> None:
        saved = save_or_say(form.source, form.settings, switch, st.session_state[_key(switch)])
        st.session_state[SAID] = (switch.name, *saved)

    return changed


def _default(form: Form, switch: Switch) -> None:
    """Takes a setting out of the file; stages are taken out with the mode that they are a part of."""
    if switch.key not in form.kept or switch.stage or switch.key in form.overridden:
        return
    default = values_of(Settings.model_construct())[switch.key]
    shown = dict(switch.names).get(str(default), default)
    words = switch.empty if default in (None, "") else str(shown)

    def back() -> None:
        try:
            st.session_state[SAID] = (switch.name, True, to_default(form.source, form.settings, switch))
        except CitewellError as error:
            st.session_state[SAID] = (switch.name, False, str(error))

    st.button(
        in_markdown(f"Back to the default ({words})"), key=f"default-{_slug(switch)}", type="tertiary", on_click=back
    )


def _show_said(switch: Switch) -> None:
    name, went_well, sentence = st.session_state.get(SAID, ("", True, ""))
    if name == switch.name:
        del st.session_state[SAID]
        (st.success if went_well else st.error)(in_markdown(sentence))


def _key(switch: Switch) -> str:
    return f"setting-{_slug(switch)}"


def _slug(switch: Switch) -> str:
    return switch.name.replace(".", "-").replace("+", "-")
