"""The models on this machine as a table, and which of them are in the memory of this process now."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.web.literal import in_html, in_markdown
from app.web.settings.amounts import size
from app.web.settings.looking import ModelsHere
from citewell.inventory import FoundModel, Memory, ServedModels
from citewell.machine import process_memory

USES = {"embedding": "search by meaning", "rerank": "judging passages", "generator": "answering"}
KINDS = {
    "embedder": "embedder",
    "reranker": "reranker",
    "generator": "language model",
    "other": "of no use to Citewell",
}


def show_models(here: ModelsHere, loaded: Sequence[str]) -> None:
    """`loaded` are the sections of the settings whose models are in this process."""
    for problem in here.problems:
        st.warning(in_markdown(problem))
    if here.found:
        st.dataframe(table(here), hide_index=True, alt="The models on this machine and what they need")
        st.html(f'<p class="cw-small">{in_html(measure(here.memory))}</p>')
    else:
        st.markdown("There are no models on this machine; fetch one with `citewell models pull NAME`.")
    for found in here.found:
        if found.model.problem:
            st.warning(in_markdown(f"{found.model.name} cannot be used. {found.model.problem}"))
    if here.served:
        _show_served(here.served)
    st.html(f'<h3 class="cw-part">In the memory of this process now</h3><p>{in_html(in_memory(here, loaded))}</p>')
    st.markdown("Another model is fetched with `citewell models pull NAME`, the only command that downloads anything.")


def table(here: ModelsHere) -> dict[str, list[str]]:
    """By column, a string for each model."""
    rows = [_row(found, here.memory) for found in here.found]
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def measure(memory: Memory) -> str:
    where = "The largest GPU" if memory.device == "cuda" else "This machine"
    there = f" {where} has {size(memory.bytes)} of memory." if memory.bytes else ""
    return f"Needed are the weights in {memory.precision} and a fifth more.{there}"


def in_memory(here: ModelsHere, loaded: Sequence[str]) -> str:
    """Which models this process holds, and how much memory it takes altogether, where the system tells."""
    named = {role: found.model for found in here.found for role in found.roles}
    parts = []
    for section in loaded:
        model = named.get(section)  # type: ignore[call-overload]
        weights = f", weights of {size(model.weight_bytes)}" if model else ""
        parts.append(f"{model.name if model else 'a model'} for {USES[section]}{weights}")
    told = "; ".join(parts) or "None yet: each is loaded when it is first needed"
    whole = process_memory()
    return f"{told}. The process takes {size(whole)} altogether." if whole else f"{told}."


def _row(found: FoundModel, memory: Memory) -> dict[str, str]:
    model = found.model
    needed, fits = model.memory(memory.precision), memory.fits(model)
    return {
        "Model": model.name,
        "Kind": KINDS[model.kind],
        "Used for": ", ".join(USES[role] for role in found.roles) or "nothing",
        "On disk": size(model.bytes),
        "Needed": size(needed) if needed else "unknown",
        "Fits": "cannot be used" if model.problem else {True: "yes", False: "no", None: "unknown"}[fits],
        "Licence": model.licence,
    }


def _show_served(served: ServedModels) -> None:
    where = f"on {served.host}, over the network" if served.leaves_machine else "on this machine"
    st.html(f'<h3 class="cw-part">On the server {in_html(served.url)}</h3><p>It runs {in_html(where)}.</p>')
    for sentence in filter(None, (served.problem, served.note)):
        st.warning(in_markdown(sentence))
    if served.names:
        st.markdown("\n".join(f"- {in_markdown(name)}" for name in served.names))
