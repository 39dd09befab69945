"""HTML of ours whose buttons choose: pressed by mouse or key, one tells the page what to open, and stays pressed.

Only HTML that our own functions have made of escaped text may be shown by it.
"""

from __future__ import annotations

import streamlit as st

_SCRIPT = """
export default function ({ data, parentElement, setTriggerValue }) {
  let shown = parentElement.querySelector(".cw-choices");
  if (!shown) {
    shown = document.createElement("div");
    shown.className = "cw-choices";
    parentElement.appendChild(shown);
  }
  // What has not changed stays, and with it the place of the keyboard and what was unfolded.
  if (shown.html !== data.html) {
    shown.html = data.html;
    shown.innerHTML = data.html;
  }
  const press = (chosen) => shown.querySelectorAll("button[data-choice]").forEach((button) =>
    button.setAttribute("aria-pressed", String(button.dataset.choice === chosen)));
  press(data.chosen);
  shown.onclick = (event) => {
    const button = event.target.closest("button[data-choice]");
    if (!button) return;
    press(button.dataset.choice);
    setTriggerValue("chosen", button.dataset.choice);
    const target = document.querySelector(".st-key-" + CSS.escape(data.target));
    const isAside = target && target.getBoundingClientRect().top > shown.getBoundingClientRect().bottom;
    if (target && (isAside || target.getBoundingClientRect().top < 0)) {
      target.scrollIntoView({ behavior: "smooth", block: "start" });
    }
  };
}
"""


def show_choices(html: str, *, chosen: str, target: str, key: str) -> None:
    """`html`, whose buttons have a data-choice each; the one that is `chosen` is pressed.

    Which one was pressed last stands in the session's state under `target`, the key of the container where it opens.
    """

    def choose() -> None:
        pressed = st.session_state[key].chosen
        if pressed:
            st.session_state[f"{target}-chosen"] = pressed

    # Registered in each run: what is registered belongs to a server, and tests start several in a process.
    mount = st.components.v2.component("citewell_choices", js=_SCRIPT, isolate_styles=False)
    mount(data={"html": html, "chosen": chosen, "target": target}, key=key, on_chosen_change=choose)


def load_choices() -> None:
    """Has the browser load, while a question is being thought of, what the first answer will be shown by."""
    show_choices("", chosen="", target="unseen", key="loading-choices")


def chosen_in(target: str, *, default: str) -> str:
    """What was chosen to be opened in the container `target`."""
    return str(st.session_state.get(f"{target}-chosen", default))
