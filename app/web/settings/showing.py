"""The Settings page, part by part; what takes time is looked up beside it."""

from __future__ import annotations

import streamlit as st

from app.web.literal import in_markdown
from app.web.settings.adopting import settings_now
from app.web.settings.form import Form, show_switches
from app.web.settings.looking import machine_look, models_look, show_waiting
from app.web.settings.machine import show_machine
from app.web.settings.models import show_models
from app.web.settings.rebuilding import show_rebuilding
from app.web.settings.saving import SettingsSource
from app.web.settings.switches import GROUPS
from citewell.kept_settings import settings_file
from citewell.knowledge_base import KnowledgeBase
from kb.settings import Settings

MODELS, MACHINE = "Models", "This machine"
_SECTIONS = {"embedding": "embedder", "rerank": "reranker", "generator": "generator"}


def show_settings(base: KnowledgeBase, source: SettingsSource) -> None:
    """Raises SettingsError where the settings file is wrong."""
    settings = settings_now(source.home, source.named)
    file = settings_file(source.home, source.named)
    st.markdown(
        f"Settings of all knowledge bases here, kept in {in_markdown(str(file))}. "
        "Whoever can open this page can change them."
    )
    names = [*GROUPS, MODELS, MACHINE]
    tabs = dict(zip(names, st.tabs(names, on_change="rerun", key="settings-part"), strict=True))
    form = _form(base, source, settings)
    for name, switches in GROUPS.items():
        if tabs[name].open:
            with tabs[name]:
                if name == "Language model":
                    _show_key(settings)
                show_switches(form, switches)
                if name == "Index":
                    show_rebuilding(base, settings)
    if tabs[MODELS].open:
        with tabs[MODELS]:
            _show_models(base, source, settings)
    if tabs[MACHINE].open:
        with tabs[MACHINE]:
            _show_machine(source, settings)


def _form(base: KnowledgeBase, source: SettingsSource, settings: Settings) -> Form:
    look = models_look().job(settings, source.home)
    names = {section: look.wait().names(kind) for section, kind in _SECTIONS.items()} if look.is_done else {}
    return Form(
        source=source,
        settings=settings,
        modes=base.modes(),
        models=names,
        kept=source.kept(),
        overridden=source.overridden(),
    )


def _show_key(settings: Settings) -> None:
    state = "set" if settings.generator.key else "not set"
    st.markdown(
        f"The server's key is **{state}**. It is never shown here: write it into the settings file as `key` under "
        "`[generator]`, or start Citewell with the variable `CITEWELL_GENERATOR__KEY`."
    )


def _show_models(base: KnowledgeBase, source: SettingsSource, settings: Settings) -> None:
    job = models_look().job(settings, source.home, again=st.button("Look again", key="look-models"))
    if job.is_done:
        show_models(job.wait(), base.loaded_models())
    else:
        show_waiting(job, "Looking for models on this machine…")


def _show_machine(source: SettingsSource, settings: Settings) -> None:
    job = machine_look().job(settings, source.home, again=st.button("Look again", key="look-machine"))
    if job.is_done:
        show_machine(job.wait(), settings_file(source.home, source.named))
    else:
        show_waiting(job, "Trying out the models; this takes some seconds, and the page can be left meanwhile…")
