"""The local cache of the Hugging Face hub: which models lie in it, and how another one gets there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import ENOSPC
from fnmatch import fnmatch
from glob import escape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb.errors import MissingModel, UserError
from kb.foreign import failures_told

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

Progress = Callable[[int, int], None]
"""Told how many bytes are fetched, and how many there are."""

_WANTED = (
    *("*.safetensors", "*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken"),
    *("README.md", "LICENSE*", "LICENCE*", "NOTICE*", "USE_POLICY*"),
)
"""Weights, configuration, tokenizer, card and terms: nothing that is, or can hold, a program."""
_UNWANTED = ("onnx/*", "openvino/*", "original/*", "runs/*", "consolidated*.safetensors", "training_args*")
"""The same weights in other forms, and what is left of the training."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """A model that was fetched: where it lies, and how many bytes of how many files were not there before."""

    folder: Path
    files: int
    bytes: int


def cached_models() -> list[tuple[str, Path]]:
    """Name and folder of every model in the cache, by name: of each what its main branch was when it was fetched."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        cache = scan_cache_dir()
    except CacheNotFound:
        return []
    found = []
    for repo in cache.repos:
        revisions = sorted(repo.revisions, key=lambda revision: ("main" in revision.refs, revision.last_modified))
        if repo.repo_type == "model" and revisions:
            found.append((repo.repo_id, revisions[-1].snapshot_path))
    return sorted(found)


def pull(name: str, *, on_progress: Progress) -> Pulled:
    """Fetches the model `name` from the hub into the cache, or what of it is not there yet.

    Raises MissingModel where the hub has no such model, or none that is ever loaded, and UserError where the hub is out
    of reach, wants to know who asks, or the disk is full.
    """
    with _online(), _failures_told(name):
        from huggingface_hub import HfApi, snapshot_download

        info = HfApi().model_info(name)
        patterns = [escape(file) for file in _chosen(name, info)]
        planned = snapshot_download(name, allow_patterns=patterns, dry_run=True, tqdm_class=_told_to(_unheard, 0))
        missing = [file.file_size or 0 for file in planned if file.will_download]
        told = _told_to(on_progress, sum(missing))
        folder = snapshot_download(name, allow_patterns=patterns, tqdm_class=told)
    return Pulled(Path(folder), len(missing), sum(missing))


def _chosen(name: str, info: ModelInfo) -> list[str]:
    """The files of a model that are fetched. Raises MissingModel where there are no weights among them."""
    files = [file.rfilename for file in info.siblings or []]
    chosen = [file for file in files if _matches(file, _WANTED) and not _matches(file, _UNWANTED)]
    if not any(file.endswith(".safetensors") for file in chosen):
        raise MissingModel(
            f"The model {name} has no weights as safetensors, and other forms are never loaded: nothing was fetched; "
            "choose another."
        )
    return chosen


def _matches(file: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(file, pattern) for pattern in patterns)


def _unheard(done: int, total: int) -> None:
    """Progress of which nobody is told."""


@contextmanager
def _online() -> Iterator[None]:
    """The hub's client may be used within, which elsewhere is kept from the network."""
    from huggingface_hub import constants

    was_offline, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, False
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = was_offline


@contextmanager
def _failures_told(name: str) -> Iterator[None]:
    from huggingface_hub import constants
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    with failures_told(f"The hub at {constants.ENDPOINT}"):
        try:
            yield
        except HFValidationError as error:
            raise MissingModel(f'"{name}" is no name of a model; write it as OWNER/NAME.') from error
        except GatedRepoError as error:
            raise UserError(
                f"The hub gives {name} only to whom its owner lets have it: ask on its page there, then log in with "
                "`hf auth login`."
            ) from error
        except RepositoryNotFoundError as error:
            raise MissingModel(
                f"The hub has no model {name} that is public; see to the name, or log in with `hf auth login`."
            ) from error
        except OSError as error:
            if error.errno != ENOSPC:
                raise
            raise UserError(
                f"The disk of {constants.HF_HUB_CACHE} is full: make room, then go on from here."
            ) from error


def _told_to(on_progress: Progress, total: int) -> type[Any]:
    """A progress bar for the hub's client that draws nothing, and tells how far all its files are."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    class Told(tqdm):  # type: ignore[misc]
        """The client has several: of the files that are done, the bytes that came, and those that are written."""

        def __init__(self, *arguments: object, **options: Any) -> None:
            options.pop("name", None)
            super().__init__(*arguments, **{**options, "file": StringIO()})

        def update(self, n: float | None = 1) -> bool | None:
            shown: bool | None = super().update(n)
            if self.unit == "B" and self.n:
                on_progress(min(int(self.n), total), total)
            return shown

    return Told
