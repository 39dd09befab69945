"""Files in TREC's formats, byte for byte."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest

from eval.trec import encoded, run_file, write_judgements, write_run


def test_a_run_keeps_the_order_and_leaves_out_what_found_nothing(tmp_path: Path) -> None:
    path = write_run(tmp_path, "my mode", {"q1": ["b", "a b"], "q2": [], "ü 3": ["鯨"]})
    assert path == tmp_path / "my mode.trec"
    assert path.read_text(encoding="utf-8") == (
        "q1 Q0 b 1 -1 my%20mode\nq1 Q0 a%20b 2 -2 my%20mode\nü%203 Q0 鯨 1 -1 my%20mode\n"
    )


def test_judgements(tmp_path: Path) -> None:
    path = write_judgements(tmp_path, {"q 1": {"a b": 2, "c": 0}})
    assert path.read_text(encoding="utf-8") == "q%201 0 a%20b 2\nq%201 0 c 0\n"


@pytest.mark.parametrize("text", ["a b", "a%20b", "a\tb\nc", "a\u3000b", "a\x85b", "a\x1cb", "100%", "鯨"])
def test_an_encoded_id_is_one_field_and_leads_back(text: str) -> None:
    assert encoded(text).split() == [encoded(text)]
    assert unquote(encoded(text)) == text


def test_names_of_modes_stay_within_the_folder(tmp_path: Path) -> None:
    assert run_file(tmp_path, "hybrid+rerank").name == "hybrid+rerank.trec"
    assert run_file(tmp_path, "../a:b").name == "..%2Fa%3Ab.trec"
    assert run_file(tmp_path, "..").parent == tmp_path
