"""Settings: every choice a user can make, with its default.

Read once, in the entry points: from a TOML file, then from the environment (CITEWELL_ANSWER__QUOTES=5).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as VariableError

from kb.errors import SettingsError

_UNKNOWN = "is not a setting"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EmbeddingSettings(_Section):
    """The embedder. `model` is the packaged all-MiniLM-L6-v2, a local folder, or a model that the hub's cache holds."""

    model: str = "all-MiniLM-L6-v2"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    query_prefix: str = ""
    passage_prefix: str = ""
    dimensions: Annotated[int, Field(gt=0)] | None = None


class ChunkingSettings(_Section):
    """Passage size in the embedder's tokens; None means all that the embedder sees at once."""

    target_tokens: Annotated[int, Field(ge=16)] | None = None


class IngestSettings(_Section):
    """What the reading of one file may cost, and by how many processes files are read (0: as many as there are cores).

    `seconds` may pass without a page; `memory_mb` is for each process; `expanded_mb` is what compressed content may
    grow to; `parts` are files within a file, `nesting` how deep. `ocr` says whether text is recognised in pictures and
    scanned pages: "auto" is wherever that is installed. `readers` names readers of your own by suffix, each as
    "package.module:Class": LlamaIndex's or one of the same form.
    """

    seconds: Annotated[float, Field(gt=0)] = 60.0
    memory_mb: Annotated[int, Field(ge=256)] = 2_000
    expanded_mb: Annotated[int, Field(ge=1)] = 1_000
    pages: Annotated[int, Field(ge=1)] = 10_000
    parts: Annotated[int, Field(ge=0)] = 1_000
    nesting: Annotated[int, Field(ge=0)] = 5
    workers: Annotated[int, Field(ge=0, le=64)] = 0
    ocr: Literal["auto", "off"] = "auto"
    readers: dict[Annotated[str, Field(pattern=r"^\.[^A-Z]+$")], Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]] = {}


class ModeSettings(_Section):
    """A search mode of one's own: `fuse` names other modes; `weights` apply to "convex" fusion of their scores."""

    fuse: Annotated[tuple[str, ...], Field(min_length=1)]
    weights: tuple[Annotated[float, Field(ge=0)], ...] = ()
    method: Literal["convex", "rrf"] = "convex"
    depth: Annotated[int, Field(ge=1, le=10_000)] = 100


class DiversitySettings(_Section):
    """The stage "mmr": `weight` is what relevance counts against likeness to the passages before (1: nothing else).

    It orders the first `depth` passages anew; what comes after them stays as it was found.
    """

    weight: Annotated[float, Field(gt=0, le=1)] = 0.7
    depth: Annotated[int, Field(ge=1, le=1_000)] = 50


class ContextSettings(_Section):
    """What a language model is given to read for a question: at most `tokens`, from `passages` that are searched.

    Neighbours with at most `join` tokens between them become one passage. Where the budget holds many passages, each
    may be extended to its section in up to the share `section` of it (0: never); where it holds few, all but the first
    are compressed to the sentences that matter, to no less than the share `compress` of their tokens (1: never).
    """

    tokens: Annotated[int, Field(ge=16, le=1_000_000)] = 2_000
    passages: Annotated[int, Field(ge=1, le=1_000)] = 50
    join: Annotated[int, Field(ge=0)] = 64
    section: Annotated[float, Field(ge=0, le=1)] = 0.33
    compress: Annotated[float, Field(gt=0, le=1)] = 0.25


class AnswerSettings(_Section):
    """`passages` are searched for an answer, `quotes` shown at most.

    An answer of less confidence than `threshold` becomes an abstention; None means the answerer's own.
    """

    mode: str = "hybrid"
    passages: Annotated[int, Field(ge=1, le=100)] = 10
    quotes: Annotated[int, Field(ge=1, le=10)] = 3
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None


class EvaluationSettings(_Section):
    """The language model that judges and drafts for `citewell eval`: a class of LlamaIndex's, "package.module:Class".

    `llm_options` are its arguments. They may hold keys of services, so they are left out wherever settings are written.
    """

    llm: Annotated[str, Field(pattern=r"^([\w.]+:\w+)?$")] = ""
    llm_options: Annotated[dict[str, Any], Field(exclude=True, repr=False)] = {}


class StoreSettings(_Section):
    """`lock_wait` is how many seconds a writer waits for another one."""

    lock_wait: Annotated[float, Field(ge=0)] = 10.0


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="CITEWELL_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    embedding: EmbeddingSettings = EmbeddingSettings()
    chunking: ChunkingSettings = ChunkingSettings()
    ingest: IngestSettings = IngestSettings()
    modes: dict[str, ModeSettings] = {}
    diversity: DiversitySettings = DiversitySettings()
    context: ContextSettings = ContextSettings()
    answer: AnswerSettings = AnswerSettings()
    store: StoreSettings = StoreSettings()
    evaluation: EvaluationSettings = EvaluationSettings()

    @field_validator("modes")
    @classmethod
    def _own_names(cls, modes: dict[str, ModeSettings]) -> dict[str, ModeSettings]:
        for name in modes.keys() & {"dense", "lexical"}:
            raise ValueError(f"the mode {name} is built in; choose another name")
        for name in modes:
            if "+" in name:
                raise ValueError(f"the name {name} holds a +, which puts stages on a mode; choose another name")
        return modes


def load_settings(path: Path | None = None) -> Settings:
    """Settings: `path` (TOML) over the environment over the defaults. Raises SettingsError naming the key at fault."""
    values = _read(path) if path else {}
    for key in (*values, *_variables()):
        if key not in Settings.model_fields:
            raise _refused([key], _UNKNOWN, _place(path if key in values else None))
    try:
        return Settings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        fault, problem = _fault(error)
        raise _refused(fault, problem, _place(path if _holds(values, fault) else None)) from error
    except VariableError as error:
        raise SettingsError(f"A variable CITEWELL_... cannot be understood: {error}.") from error


def changed(settings: Settings, changes: Mapping[str, object]) -> Settings:
    """`settings` with other values for keys such as "answer.quotes". Raises SettingsError naming the key at fault."""
    values = settings.model_dump()
    values["evaluation"]["llm_options"] = settings.evaluation.llm_options
    for key, value in changes.items():
        *path, last = parts = key.split(".")
        if key in values:
            raise _refused(parts, "is a section; name a key in it", "")
        section = values
        for depth, part in enumerate(path or parts, start=1):
            below = section.get(part)
            if not isinstance(below, dict):
                raise _refused(parts[: depth + (part in section)], _UNKNOWN, "")
            section = below
        section[last] = value
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise _refused(*_fault(error), "") from error


def _holds(values: object, key: list[str]) -> bool:
    return not key or (isinstance(values, dict) and key[0] in values and _holds(values[key[0]], key[1:]))


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The settings file {path} cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {path} is not valid TOML ({error}).") from error


def _variables() -> list[str]:
    """The sections that variables of the environment name: all settings stand in one, as in CITEWELL_ANSWER__QUOTES."""
    prefix = "CITEWELL_"
    names = [name for name in os.environ if name.startswith(prefix) and "__" in name]
    return [name.removeprefix(prefix).split("__")[0].lower() for name in names]


def _fault(error: ValidationError) -> tuple[list[str], str]:
    """The first key at fault, and what is wrong with it."""
    first = error.errors()[0]
    problem = _UNKNOWN if first["type"] == "extra_forbidden" else f"is wrong: {first['msg']}"
    return [str(part) for part in first["loc"]], problem


def _place(path: Path | None) -> str:
    return f"in {path} " if path else "in the environment (CITEWELL_...) "


def _refused(key: list[str], problem: str, place: str) -> SettingsError:
    beside = f"; there are {', '.join(names)}" if problem == _UNKNOWN and (names := _beside(key)) else ""
    return SettingsError(f'The key "{".".join(key)}" {place}{problem}{beside}.')


def _beside(key: list[str]) -> list[str]:
    """The settings that there are in the section of `key`."""
    if len(key) == 1:
        return list(Settings.model_fields)
    section = Settings.model_fields.get(key[0])
    kind = section.annotation if section else None
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []
