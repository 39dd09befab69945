"""This machine in plain words: what it is, which models are used on it and why, and whether anything leaves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import streamlit as st

from app.web.literal import in_html, in_markdown
from app.web.settings.amounts import size
from citewell.diagnosis import Diagnosis, Record
from citewell.machine import Gpu
from kb.text.plurals import counted

Facts = Sequence[tuple[str, str]]


def show_machine(found: Diagnosis, settings_file: Path) -> None:
    for part, record in (("embedder", found.embedder), ("reranker", found.reranker), ("answerer", found.answerer)):
        if record and "error" in record:
            st.warning(in_markdown(f"The {part} cannot be used. {record['error']}"))
        if record and "note" in record:
            st.info(in_markdown(str(record["note"])))
    for heading, facts in sections(found, settings_file):
        st.html(f'<h3 class="cw-part">{in_html(heading)}</h3>{facts_html(facts)}')
    with st.expander("Versions of what Citewell stands on"):
        installed = [(name, version or "not installed") for name, version in found.versions.items()]
        st.html(facts_html([("Citewell", found.citewell), *installed]))


def facts_html(facts: Facts) -> str:
    rows = "".join(f"<dt>{in_html(name)}</dt><dd>{in_html(value)}</dd>" for name, value in facts)
    return f'<dl class="cw-machine">{rows}</dl>'


def sections(found: Diagnosis, settings_file: Path) -> Iterator[tuple[str, Facts]]:
    cpu = found.processor
    yield (
        "This machine",
        [
            ("Processor", f"{cpu.name}, {counted(cpu.cores, 'core')}"),
            ("Instructions that speed models up", ", ".join(cpu.features) or "none known"),
            ("Memory", size(cpu.memory_bytes) if cpu.memory_bytes else "not told by the system"),
            *(("GPU", _gpu(gpu)) for gpu in found.gpus),
            *([] if found.gpus else [("GPU", "none that can be used; everything runs on the processor")]),
        ],
    )
    yield "Search by meaning", _embedder(found.embedder)
    yield "Judging passages (rerank)", _reranker(found.reranker)
    yield "Who answers", _answerer(found.answerer)
    yield "What leaves this machine", [("Passages and questions", leaving(found.answerer))]
    file = f"{settings_file}" if settings_file.is_file() else f"{settings_file} (written with the first change)"
    yield (
        "Where things lie",
        [
            ("Knowledge bases", f"{found.home}: {', '.join(found.bases) or 'none yet'}"),
            ("Settings", file),
        ],
    )


def leaving(answerer: Record) -> str:
    """Whether passages are sent anywhere, and where."""
    where = str(answerer.get("passages", "stay on this machine"))
    return f"{where[:1].upper()}{where[1:]}."


def _gpu(gpu: Gpu) -> str:
    return f"{gpu.name}, {size(gpu.free_bytes)} of {size(gpu.memory_bytes)} free"


def _embedder(record: Record) -> Facts:
    if "error" in record:
        return [("Model", str(record["model"])), ("Problem", str(record["error"]))]
    return [
        ("Model", f"{record['model']} ({record['dimensions']} dimensions, sees {record['window_tokens']} tokens)"),
        ("Runs on", f"{record['runtime']} in {record['precision']}, because {record['why']}"),
        ("Time for one question", f"{record['query_ms']} ms"),
        ("Folder", str(record["folder"])),
    ]


def _reranker(record: Record | None) -> Facts:
    if record is None:
        return [("Model", "none: name one under “Search” to judge passages")]
    if "error" in record:
        return [("Model", str(record["model"])), ("Problem", str(record["error"]))]
    if not record["model"]:
        return [("Model", "the embedder's own tokens, since no reranker is named")]
    return [
        ("Model", f"{record['model']} ({record['kind']}, reads {record['pair_tokens']} tokens)"),
        ("Runs on", f"{record['runtime']} in {record['precision']}, because {record['why']}"),
        ("Passages judged in a second", str(record["passages_per_second"])),
        ("Folder", str(record["folder"])),
    ]


def _answerer(record: Record) -> Facts:
    if record["kind"] == "extractive":
        return [("Answers are", "the documents' own words, since no language model is named")]
    return [
        ("Language model", f"{record['name']}, because {record['why']}"),
        *((name, str(record[key])) for key, name in _TOLD.items() if key in record),
        *([("Memory needed", _needed(record))] if record.get("memory_bytes") else []),
        *([("Problem", str(record["error"]))] if "error" in record else []),
    ]


_TOLD = {"server": "Server", "folder": "Folder", "device": "Device", "precision": "Precision"}


def _needed(record: Mapping[str, object]) -> str:
    needed = record["memory_bytes"]
    fits = {True: "it fits", False: "more than there is: it does not fit"}.get(record.get("fits"), "")  # type: ignore[call-overload]
    return f"{size(needed)}; {fits}" if isinstance(needed, int) else ""
