"""Settings: every choice a user can make, with its default.

Read in the entry points: from a TOML file that is named there, then from the environment (CITEWELL_ANSWER__QUOTES=5);
where none is named, from the settings.toml of the home, over which it counts (citewell/kept_settings.py).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as VariableError

from kb.errors import SettingsError

T = TypeVar("T")

_UNKNOWN = "is not a setting"
_MISSING = "is missing"
_LONGEST_NAME = 100
_PASSWORD = re.compile(r"scrypt\$(32768|65536|131072|262144)\$8\$1\$[A-Za-z0-9_-]{22}==\$[A-Za-z0-9_-]{43}=")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EmbeddingSettings(_Section):
    """The embedder. `model` is the packaged all-MiniLM-L6-v2, a local folder, or a model that the hub's cache holds.

    None is what the model's files or its card say; an empty prefix is no prefix.
    """

    model: str = "all-MiniLM-L6-v2"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    query_prefix: str | None = None
    passage_prefix: str | None = None
    pooling: Literal["cls", "lasttoken", "max", "mean", "mean_sqrt_len_tokens", "weightedmean"] | None = None
    dimensions: Annotated[int, Field(gt=0)] | None = None


class ViewSettings(_Section):
    """The stage "views", as in the mode "hybrid+views": BGE-M3, where it is the embedder, judges by all its views.

    Each counts as much as is said here; depth and seconds are those of the stage "rerank".
    """

    dense: Annotated[float, Field(ge=0)] = 1.0
    lexical: Annotated[float, Field(ge=0)] = 0.3
    tokens: Annotated[float, Field(ge=0)] = 1.0

    @model_validator(mode="after")
    def _some_count(self) -> Self:
        if not self.dense + self.lexical + self.tokens:
            raise ValueError("one of dense, lexical and tokens must be above 0")
        return self


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
    """A search mode of one's own: `fuse` names other modes, `method` how they are fused.

    "convex" adds their scores by `weights`, "rrf" counts ranks alone, and "adaptive", which `hybrid` is by default,
    weighs search by meaning and by words anew for every question; then `names` is what a passage gains whose file the
    question names, and `feedback` how far the question moves towards what was found first.
    """

    fuse: Annotated[tuple[str, ...], Field(min_length=1)]
    weights: tuple[Annotated[float, Field(ge=0)], ...] = ()
    method: Literal["convex", "rrf", "adaptive"] = "convex"
    depth: Annotated[int, Field(ge=1, le=10_000)] = 100
    names: Annotated[float, Field(ge=0, le=1)] = 0.15
    feedback: Annotated[float, Field(ge=0, le=1)] = 0.3

    @model_validator(mode="after")
    def _is_a_method_with_its_own_values(self) -> ModeSettings:
        if self.weights and not any(self.weights):
            raise ValueError("weights of 0 alone leave nothing to order by; give one that is more")
        if self.method == "rrf" and self.weights:
            raise ValueError('"rrf" counts ranks alone; leave out the weights, or choose "convex"')
        if self.method == "adaptive" and (self.fuse != ("dense", "lexical") or self.weights):
            raise ValueError('"adaptive" fuses "dense" and "lexical", in this order and by weights of its own')
        return self


class RetrieverSettings(_Section):
    """A retriever of LlamaIndex's as a search mode: what the class or function `make` makes with `options`.

    These may hold keys of services, so they are left out wherever settings are written.
    """

    make: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]
    options: Annotated[dict[str, Any], Field(exclude=True, repr=False)] = {}


class PostprocessorSettings(_Section):
    """A node postprocessor of LlamaIndex's as a stage of search, made as a retriever is.

    It is given the first `depth` passages, and what it leaves of them is all that is found.
    """

    make: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]
    options: Annotated[dict[str, Any], Field(exclude=True, repr=False)] = {}
    depth: Annotated[int, Field(ge=1, le=10_000)] = 100


class RerankSettings(_Section):
    """The stage "rerank", as in the mode "hybrid+rerank": `model` judges the first `depth` passages that are found.

    It is a local folder, or a model that the hub's cache holds; without one the embedder's tokens judge. Of
    the question with a passage a model sees at most `tokens`. What is not judged within `seconds` stays in the order in
    which it was found.
    """

    model: str = ""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    depth: Annotated[int, Field(ge=1, le=1_000)] = 25
    seconds: Annotated[float, Field(gt=0)] = 5.0
    tokens: Annotated[int, Field(ge=128)] = 512


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
    `order` is in which passages are read: "edges" puts the best ones first and last, "rank" the best first.
    """

    tokens: Annotated[int, Field(ge=16, le=1_000_000)] = 2_000
    passages: Annotated[int, Field(ge=1, le=1_000)] = 50
    join: Annotated[int, Field(ge=0)] = 64
    section: Annotated[float, Field(ge=0, le=1)] = 0.33
    compress: Annotated[float, Field(gt=0, le=1)] = 0.25
    order: Literal["edges", "rank"] = "edges"


class AnswerSettings(_Section):
    """Who answers, and from what.

    `by` is "model" (the language model of [generator]), "extractive" (the documents' own words), "routed" (their own
    words where one sentence plainly answers, else the model) or "auto": the model where there is one. For the
    documents' own words `passages` are searched and at most `quotes` shown; what a model reads [context] says. Where
    the confidence in what was found is less than `threshold`, the answer is an abstention; None means the answerer's
    own. `strict`: a model's answer counts only if the documents bear out all of it. Where they do not bear it out, the
    model writes up to `drafts`, as many as are likely to be done within generator.seconds, and the best one is taken.
    `prompts` is a folder with prompts of one's own. Of a model's answers the last `remembered` are given again, where
    the same is asked while the base stays as it is (0: none).
    """

    by: Literal["auto", "model", "extractive", "routed"] = "auto"
    strict: bool = False
    drafts: Annotated[int, Field(ge=1, le=8)] = 1
    prompts: str = ""
    mode: str = "hybrid"
    passages: Annotated[int, Field(ge=1, le=100)] = 10
    quotes: Annotated[int, Field(ge=1, le=10)] = 3
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    remembered: Annotated[int, Field(ge=0, le=100_000)] = 200


class ConversationSettings(_Section):
    """What is kept of conversations: `turns` of each, the last ones, and `limit` conversations, those changed last.

    The last `keep` turns say what a follow-up means; 0: every question stands on its own.
    """

    keep: Annotated[int, Field(ge=0, le=50)] = 6
    turns: Annotated[int, Field(ge=1, le=10_000)] = 500
    limit: Annotated[int, Field(ge=1, le=100_000)] = 1_000


class EvaluationSettings(_Section):
    """The language model that judges and drafts for `citewell eval`: a class of LlamaIndex's, "package.module:Class".

    `llm_options` are its arguments. They may hold keys of services, so they are left out wherever settings are written.
    """

    llm: Annotated[str, Field(pattern=r"^([\w.]+:\w+)?$")] = ""
    llm_options: Annotated[dict[str, Any], Field(exclude=True, repr=False)] = {}


class GeneratorSettings(_Section):
    """The language model that answers, and writes about questions before they are searched; without one none does.

    `model` is a local folder, or a model that the hub's cache holds, and replies in at most `max_tokens` and `seconds`
    (from when its turn comes), to up to `askers` at once. What it has read it remembers, for prompts that begin alike:
    that, and what several at once need, takes `cache_megabytes` of its device (None: a quarter of what a GPU has left,
    a gigabyte elsewhere). After `idle_seconds` without a question (0: never) all its memory is given back. On a GPU,
    `quantisation` makes its weights smaller, and what it writes a little worse.
    `server` is the address of one that speaks OpenAI's protocol, http://127.0.0.1:11434/v1 for one: `model` is then a
    name that it knows (empty: its first), `key` what it may ask for. `llm` is a class of LlamaIndex's instead,
    "package.module:Class"; `llm_options` are its arguments. These and `key` are left out wherever settings are written.
    What a model is told and replies is added to the file `record`, if one is named; the file `replay` is such a
    recording, which replies instead of a model.
    """

    model: str = ""
    server: str = ""
    key: Annotated[str, Field(pattern=r"^[!-~]*$", exclude=True, repr=False)] = ""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    max_tokens: Annotated[int, Field(ge=1)] = 512
    seconds: Annotated[float, Field(gt=0)] = 120.0
    askers: Annotated[int, Field(ge=1, le=256)] = 16
    cache_megabytes: Annotated[int, Field(ge=0)] | None = None
    idle_seconds: Annotated[float, Field(ge=0)] = 600.0
    quantisation: Literal["none", "8bit", "4bit"] = "none"
    llm: Annotated[str, Field(pattern=r"^([\w.]+:\w+)?$")] = ""
    llm_options: Annotated[dict[str, Any], Field(exclude=True, repr=False)] = {}
    record: str = ""
    replay: str = ""

    @property
    def names_one(self) -> bool:
        return bool(self.model or self.server or self.llm or self.replay)

    @field_validator("server")
    @classmethod
    def _address(cls, server: str) -> str:
        if server and not _is_address(server):
            raise ValueError("write it as http://HOST:PORT/v1, and a key for it in generator.key")
        return server


class ExpansionSettings(_Section):
    """What the language model writes about a question before it is searched, in `seconds` for one stage together.

    `passages` are hypothetical ones (hyde), `rewrites` of the question (multi), `subquestions` at most (decompose).
    `steps` are those of searching, at most, for what was found to be missing (follow), each with `seconds` of its own.
    """

    seconds: Annotated[float, Field(gt=0)] = 10.0
    passages: Annotated[int, Field(ge=1, le=5)] = 3
    rewrites: Annotated[int, Field(ge=1, le=10)] = 3
    subquestions: Annotated[int, Field(ge=1, le=10)] = 4
    steps: Annotated[int, Field(ge=1, le=5)] = 2


class OidcSettings(_Section):
    """A service that knows who people are, by OpenID Connect.

    Of those that it knows, `allowed` may come in: the service's own names of them (sub), or addresses that it has
    checked. It knows this page by `client_id` and `client_secret`, describes itself at `server_metadata_url`, and sends
    people back to `redirect_uri`, which is https://HOST/oauth2callback.
    """

    client_id: str
    client_secret: Annotated[str, Field(exclude=True, repr=False)]
    server_metadata_url: Annotated[str, Field(pattern=r"^https?://[^/]+/")]
    redirect_uri: Annotated[str, Field(pattern=r"^https?://[^/]+/oauth2callback$")]
    allowed: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class WebSettings(_Section):
    """Who may see the web page, and by which names of this machine (`hosts`) besides the address it listens on.

    `users` sign in; each stands there with the line that `citewell password` printed. `oidc` is a service that knows
    people instead. Without either everybody who reaches the page may see it, so it is shown on this machine alone.
    Who has signed in stays so for `session_hours`, or until the page is started again. Users, and the secret of the
    service, are left out wherever settings are written.
    """

    hosts: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$")], ...] = ()
    users: Annotated[dict[str, str], Field(exclude=True, repr=False)] = {}
    session_hours: Annotated[float, Field(gt=0, le=8760)] = 12.0
    oidc: OidcSettings | None = None

    @property
    def has_sign_in(self) -> bool:
        return bool(self.users or self.oidc)

    @property
    def names(self) -> tuple[str, ...]:
        """`hosts`, and the name by which the service sends people back."""
        back = urlsplit(self.oidc.redirect_uri).hostname if self.oidc else None
        return (*self.hosts, back) if back else self.hosts

    @field_validator("users")
    @classmethod
    def _hashed(cls, users: dict[str, str]) -> dict[str, str]:
        for name, password in users.items():
            if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
                raise ValueError(f"a name of a user has 1 to {_LONGEST_NAME} characters that can be seen")
            if not _PASSWORD.fullmatch(password):
                raise ValueError(f"{name} needs a line that `citewell password` prints, which holds no password")
        return users

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.users and self.oidc:
            raise ValueError("people sign in by users or by oidc; leave one of them out")
        return self


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
    views: ViewSettings = ViewSettings()
    chunking: ChunkingSettings = ChunkingSettings()
    ingest: IngestSettings = IngestSettings()
    modes: dict[str, ModeSettings] = {}
    retrievers: dict[str, RetrieverSettings] = {}
    postprocessors: dict[str, PostprocessorSettings] = {}
    rerank: RerankSettings = RerankSettings()
    diversity: DiversitySettings = DiversitySettings()
    context: ContextSettings = ContextSettings()
    answer: AnswerSettings = AnswerSettings()
    conversations: ConversationSettings = ConversationSettings()
    store: StoreSettings = StoreSettings()
    web: WebSettings = WebSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    generator: GeneratorSettings = GeneratorSettings()
    expansion: ExpansionSettings = ExpansionSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no other files are read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, over the environment.

        A section that is given is taken apart here, since pydantic-settings would leave out what is never written.
        """
        given = init_settings.init_kwargs if isinstance(init_settings, InitSettingsSource) else {}
        sections = {name: _plain(section) for name, section in given.items()}
        whole = InitSettingsSource(settings_cls, init_kwargs=sections, nested_model_default_partial_update=False)
        return whole, env_settings

    @field_validator("modes", "retrievers", "postprocessors")
    @classmethod
    def _own_names(cls, named: dict[str, T], info: ValidationInfo) -> dict[str, T]:
        built_in = {"modes": {"dense", "lexical"}, "retrievers": {"dense", "lexical", "hybrid"}}
        for name in named.keys() & built_in.get(info.field_name or "", set()):
            raise ValueError(f"the mode {name} is built in; choose another name")
        for name in named:
            if "+" in name:
                raise ValueError(f"the name {name} holds a +, which puts stages on a mode; choose another name")
            if info.field_name == "retrievers" and name in info.data.get("modes", {}):
                raise ValueError(f"there is a mode {name} already; choose another name")
        return named


def _is_address(server: str) -> bool:
    """Whether it is a web address that holds neither a password nor a query, which could hold a key."""
    try:
        parts = urlsplit(server)
        # The port is read when it is asked for.
        plain = parts.port is None or parts.port > 0
    except ValueError:
        return False
    named = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", server)
    return plain and named and not (parts.username or parts.password or parts.query or parts.fragment)


def load_settings(path: Path | None = None, *, kept: Path | None = None) -> Settings:
    """Settings: `path` (TOML) over the environment over the defaults. Raises SettingsError naming the key at fault.

    Without `path`, the environment counts over `kept`, and that over the defaults.
    """
    values = _read(path) if path else _without(_read(kept), environment_values()) if kept else {}
    path = path or kept
    for key in (*values, *_variables()):
        if key not in Settings.model_fields:
            raise _refused([key], _UNKNOWN, _place(path if key in values else None))
    try:
        return Settings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        fault, problem = _fault(error)
        held = _holds(values, fault[:-1] if problem == _MISSING else fault)
        raise _refused(fault, problem, _place(path if held else None)) from error
    except VariableError as error:
        raise _not_understood(error) from error


def environment_values() -> dict[str, object]:
    """What variables of the environment say, by section and name. Raises SettingsError where one makes no sense."""
    try:
        return EnvSettingsSource(Settings)()
    except VariableError as error:
        raise _not_understood(error) from error


def changed(settings: Settings, changes: Mapping[str, object]) -> Settings:
    """`settings` with other values for keys such as "answer.quotes". Raises SettingsError naming the key at fault."""
    values = plain(settings)
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


def plain(settings: Settings) -> dict[str, object]:
    """Every setting by the names of its section and itself, those too that are left out wherever settings are written.

    So what is made of it must not be written as it stands.
    """
    return {name: _plain(getattr(settings, name)) for name in Settings.model_fields}


def _plain(value: object) -> object:
    """`value` with each section in it as what it holds by name, also what is left out wherever settings are written."""
    if isinstance(value, _Section):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    return {key: _plain(one) for key, one in value.items()} if isinstance(value, dict) else value


def _holds(values: object, key: list[str]) -> bool:
    """Whether a file's `values` have the key; within a list, they have whatever stands there."""
    if isinstance(values, list) or not key:
        return True
    return isinstance(values, dict) and key[0] in values and _holds(values[key[0]], key[1:])


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The settings file {path} cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {path} is not valid TOML ({error}).") from error


def _without(values: Mapping[str, object], others: Mapping[str, object]) -> dict[str, object]:
    """`values` without what stands in `others` too, section by section."""
    left: dict[str, object] = {}
    for key, value in values.items():
        other = others.get(key)
        if isinstance(value, dict) and isinstance(other, dict):
            left[key] = _without(value, other)
        elif key not in others:
            left[key] = value
    return left


def _not_understood(error: VariableError) -> SettingsError:
    return SettingsError(f"A variable CITEWELL_... cannot be understood: {error}.")


def _variables() -> list[str]:
    """The sections that variables of the environment name: all settings stand in one, as in CITEWELL_ANSWER__QUOTES."""
    prefix = "CITEWELL_"
    names = [name for name in os.environ if name.startswith(prefix) and "__" in name]
    return [name.removeprefix(prefix).split("__")[0].lower() for name in names]


def _fault(error: ValidationError) -> tuple[list[str], str]:
    """The first key at fault, and what is wrong with it."""
    first = error.errors()[0]
    problems = {"extra_forbidden": _UNKNOWN, "missing": _MISSING}
    return [str(part) for part in first["loc"]], problems.get(first["type"]) or f"is wrong: {_said(first)}"


def _said(error: ErrorDetails) -> str:
    """What pydantic says, in words of ours where its own are about its types."""
    if error["type"] == "string_pattern_mismatch" and ":" in error["ctx"]["pattern"]:
        return 'write it as "package.module:Class"'
    if error["type"] == "too_short":
        return f"it names nothing; name {error['ctx']['min_length']} or more"
    return error["msg"].removeprefix("Value error, ")


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
