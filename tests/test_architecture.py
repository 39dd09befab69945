"""The import rules that hold the layers apart, read from the source by ast."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

MAY_IMPORT = {
    "kb": set(),
    "ingest": {"kb"},
    "retrieval": {"kb"},
    "generation": {"kb"},
    "citewell": {"ingest", "retrieval", "generation", "kb"},
    "eval": {"citewell", "kb"},
    "app": {"citewell", "eval", "kb"},
}
"""Which of our packages each may import, besides itself."""

ONLY_IN = {
    "authlib": "app/web/access",
    "chromadb": "kb/store/vectors.py",
    "tantivy": "kb/store/lexical",
    "sqlite3": "kb/store",
    "openvino": "kb/models",
    "rapidocr": "kb/models",
    "simsimd": "kb/store/codes.py",
    "streamlit": "app/web",
    "typer": "app/cli",
    "ir_measures": "eval",
    "httpx": "generation/server",
    "huggingface_hub": "kb/models",
}
"""Where alone a library may be imported (citewell/machine.py only asks whether they are installed)."""

HEAVY = {
    "FlagEmbedding",
    "chromadb",
    "cv2",
    "llama_index",
    "openvino",
    "rapidocr",
    "sentence_transformers",
    "torch",
    "transformers",
}
"""Never imported when a module of ours is, only inside the function that needs it."""


def modules() -> list[Path]:
    return sorted(path for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py"))


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.Import | ast.ImportFrom]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    allowed = MAY_IMPORT[package] | {package}
    for name, node in imports(ast.parse(path.read_text())):
        top = name.split(".")[0]
        assert not isinstance(node, ast.ImportFrom) or node.level == 0, f"relative import in line {node.lineno}"
        assert top not in MAY_IMPORT or top in allowed, f"{package} must not import {name} (line {node.lineno})"
        assert not (isinstance(node, ast.Import) and top == "eval"), f"`import eval` in line {node.lineno}"


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_imported_in_one_place(library: str) -> None:
    places = {
        str(path.relative_to(ROOT))
        for path in modules()
        for name, _ in imports(ast.parse(path.read_text()))
        if name.split(".")[0] == library
    }
    assert places
    assert all(place.startswith(ONLY_IN[library]) for place in places), places


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_are_imported_where_they_are_needed(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name, _ in imports(node):
                assert name.split(".")[0] not in HEAVY, f"{name} is imported at the top (line {node.lineno})"


def test_the_rules_cover_every_package_that_is_installed() -> None:
    import tomllib

    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in modules()}
    assert set(listed) == folders
    assert {name.split(".")[0] for name in listed} == set(MAY_IMPORT)
