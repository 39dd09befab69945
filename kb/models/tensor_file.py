"""Tensors out of the files that torch.save writes (pytorch_model.bin, colbert_linear.pt), without unpickling them.

Such a file is a zip: the numbers of each tensor are a member of their own, and a pickle says which belong to which name
and shape, which is read without running it (kb.models.inert_pickle). Whatever holds more than tensors is refused.
Run as `python -m kb.models.tensor_file FOLDER` it writes a model.safetensors beside each pytorch_model.bin in a folder.
"""

from __future__ import annotations

import json
import lzma
import math
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from kb.errors import MissingModel
from kb.foreign import reason
from kb.models.inert_pickle import Description, Name, described

_KINDS = {
    "DoubleStorage": ("F64", 8),
    "FloatStorage": ("F32", 4),
    "HalfStorage": ("F16", 2),
    "BFloat16Storage": ("BF16", 2),
    "LongStorage": ("I64", 8),
    "IntStorage": ("I32", 4),
    "ShortStorage": ("I16", 2),
    "CharStorage": ("I8", 1),
    "ByteStorage": ("U8", 1),
    "BoolStorage": ("BOOL", 1),
}
"""Names of safetensors for torch's kinds of numbers, and their bytes."""
_DAMAGE = (BadZipFile, zlib.error, lzma.LZMAError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError)
"""What reading a damaged file raises: with bits turned, a member may seem encrypted, packed, or to start before 0."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor in a file: bytes start..end of `member` are its numbers, row by row; `kind` is safetensors' name."""

    kind: str
    shape: tuple[int, ...]
    member: str
    start: int
    end: int


def stored_tensors(path: Path) -> dict[str, StoredTensor]:
    """The tensors in `path` by name. Raises MissingModel when it is damaged or holds anything else."""
    with _opened(path) as archive:
        return _stored(archive)


def read_tensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """The tensors of floating-point numbers in `path`, as float32. Raises MissingModel."""
    with _opened(path) as archive:
        return {name: _numbers(archive, tensor) for name, tensor in _stored(archive).items() if "F" in tensor.kind}


def write_safetensors(sources: Sequence[Path], target: Path) -> None:
    """Writes all tensors in `sources` into `target`, whose format is 8 bytes of length, a header of JSON, numbers.

    Raises MissingModel, and leaves nothing behind, when one of `sources` is damaged or holds anything else.
    """
    stored = {name: (path, tensor) for path in sources for name, tensor in stored_tensors(path).items()}
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (_, tensor) in stored.items():
        start, end = end, end + tensor.end - tensor.start
        header[name] = {"dtype": tensor.kind, "shape": tensor.shape, "data_offsets": (start, end)}
    written = json.dumps(header).encode()
    written += b" " * (-len(written) % 8)
    work = target.with_suffix(".part")
    try:
        with work.open("wb") as file:
            file.write(len(written).to_bytes(8, "little") + written)
            for path, tensors in groupby(stored.values(), key=itemgetter(0)):
                file.writelines(_contents(path, [tensor for _, tensor in tensors]))
        work.replace(target)
    finally:
        work.unlink(missing_ok=True)


def convert_folder(folder: Path) -> list[Path]:
    """Writes a model.safetensors beside each pytorch_model.bin in `folder` that lacks one; those that were written."""
    places = sorted({path.parent for path in folder.rglob("pytorch_model*.bin")})
    lacking = [place for place in places if not any(place.glob("model*.safetensors"))]
    for place in lacking:
        write_safetensors(sorted(place.glob("pytorch_model*.bin")), place / "model.safetensors")
    return [place / "model.safetensors" for place in lacking]


@contextmanager
def _opened(path: Path) -> Iterator[ZipFile]:
    """The file open for reading; raises MissingModel for what is raised meanwhile because it is damaged."""
    try:
        with ZipFile(path) as archive:
            yield archive
    except _DAMAGE as error:
        raise MissingModel(
            f"{path} is damaged or holds more than tensors ({reason(error)}), and a pickle is never run: "
            "use another copy."
        ) from error


def _stored(archive: ZipFile) -> dict[str, StoredTensor]:
    pickled = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
    if pickled is None:
        raise ValueError("it has no data.pkl")
    root = pickled.removesuffix("data.pkl")
    if root + "byteorder" in archive.namelist() and archive.read(root + "byteorder") != b"little":
        raise ValueError("its numbers are big-endian")
    found = described(archive.read(pickled))
    return {name: _located(tensor, root, archive) for name, tensor in _entries(found)}


def _numbers(archive: ZipFile, tensor: StoredTensor) -> NDArray[np.float32]:
    data = _bytes(archive, tensor)
    if tensor.kind == "BF16":  # The upper half of a float32.
        rows = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        rows = np.frombuffer(data, {"F16": "<f2", "F32": "<f4", "F64": "<f8"}[tensor.kind]).astype(np.float32)
    return rows.reshape(tensor.shape)


def _contents(path: Path, tensors: Sequence[StoredTensor]) -> Iterator[bytes]:
    with _opened(path) as archive:
        for tensor in tensors:
            yield _bytes(archive, tensor)


def _bytes(archive: ZipFile, tensor: StoredTensor) -> bytes:
    return archive.read(tensor.member)[tensor.start : tensor.end]


def _entries(found: object) -> Iterator[tuple[str, Description]]:
    if not isinstance(found, dict):
        raise ValueError("it is no dictionary")
    for name, value in found.items():
        if not (isinstance(name, str) and isinstance(value, Description)):
            raise ValueError(f"{name!r} is no tensor")
        yield name, value


def _located(tensor: Description, root: str, archive: ZipFile) -> StoredTensor:
    """Where a tensor's numbers are; offset, shape and strides are counted in numbers, not bytes."""
    match tensor.arguments:
        case ((_, Name(path), str(key), *_), int(offset), tuple(shape), tuple(strides), *_):
            kind, size = _KINDS[path.removeprefix("torch ")]
        case _:
            raise ValueError("a tensor is described in another way")
    lengths = tuple(int(length) for length in shape)
    expected = [math.prod(lengths[axis + 1 :]) for axis in range(len(lengths))]
    if any(length > 1 and given != right for length, given, right in zip(lengths, strides, expected, strict=True)):
        raise ValueError("a tensor is not stored row by row")
    member, start = f"{root}data/{key}", offset * size
    end = start + math.prod(lengths) * size
    if min(lengths, default=0) < 0 or not 0 <= start <= end <= archive.getinfo(member).file_size:
        raise ValueError("a tensor exceeds its storage")
    return StoredTensor(kind, lengths, member, start, end)


if __name__ == "__main__":
    for written in convert_folder(Path(sys.argv[1])):
        sys.stdout.write(f"{written}\n")
