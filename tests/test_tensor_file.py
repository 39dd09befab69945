"""torch.save's files, read without unpickling them: every number as torch has it, and nothing run."""

from __future__ import annotations

import os
from pathlib import Path
from zipfile import ZipFile

import pytest
from tiny_encoders import encoder, sentence_files

from kb.errors import MissingModel
from kb.models.checkpoint import read_checkpoint
from kb.models.tensor_file import convert_folder, read_tensors, stored_tensors
from kb.models.torch_embedder import TorchEmbedder


class Touching:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "bfloat16"])
def test_numbers_are_those_of_torch(kind: str, tmp_path: Path) -> None:
    import torch

    layer = torch.nn.Linear(5, 3).to(getattr(torch, kind))
    torch.save(layer.state_dict(), tmp_path / "layer.pt")
    found = read_tensors(tmp_path / "layer.pt")
    assert list(found) == ["weight", "bias"]
    for name, tensor in layer.state_dict().items():
        assert torch.equal(torch.from_numpy(found[name]), tensor.float())


def test_parts_of_a_storage_parameters_and_single_numbers_are_read(tmp_path: Path) -> None:
    import torch

    part = torch.arange(100.0)[10:16].reshape(2, 3)
    torch.save({"part": part, "own": torch.nn.Parameter(part), "one": torch.tensor(7.0)}, tmp_path / "mixed.pt")
    found = read_tensors(tmp_path / "mixed.pt")
    assert found["part"].tolist() == found["own"].tolist() == [[10.0, 11.0, 12.0], [13.0, 14.0, 15.0]]
    assert found["one"].tolist() == 7.0


def test_whatever_is_no_tensor_is_refused_and_nothing_is_run(tmp_path: Path) -> None:
    import torch

    marker = tmp_path / "run"
    column = torch.arange(6.0).reshape(2, 3).T
    cases: list[tuple[object, str]] = [
        ({"weight": Touching(marker)}, "calls posix mkdir"),
        (Touching(marker), "calls posix mkdir"),
        ([torch.zeros(2)], "EMPTY_LIST"),
        ({"weight": 3}, "'weight' is no tensor"),
        ({"weight": column}, "row by row"),
        (torch.zeros(2), "no dictionary"),
        (torch.nn.Linear(2, 2), "instruction|calls"),
    ]
    for value, reason in cases:
        torch.save(value, tmp_path / "value.pt")
        with pytest.raises(MissingModel, match=reason):
            stored_tensors(tmp_path / "value.pt")
    assert not marker.exists()


def test_damage_is_told(tmp_path: Path) -> None:
    import torch

    whole = tmp_path / "whole.pt"
    torch.save({"weight": torch.zeros(400)}, whole)
    (tmp_path / "cut.pt").write_bytes(whole.read_bytes()[:700])
    torch.save({"weight": torch.zeros(4)}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    _rewritten(whole, tmp_path / "short.pt", "data/0", b"\0" * 100)
    _rewritten(whole, tmp_path / "odd.pt", "data.pkl", b"\x80\x02}q\x00X")
    _rewritten(whole, tmp_path / "big.pt", "byteorder", b"big")
    for name in ("cut", "old", "short", "odd", "big"):
        with pytest.raises(MissingModel, match="damaged or holds more than tensors"):
            stored_tensors(tmp_path / f"{name}.pt")


def test_turned_bits_are_told_where_they_are_noticed(tmp_path: Path) -> None:
    import torch

    whole = tmp_path / "whole.pt"
    torch.save({"weight": torch.zeros(4)}, whole)
    content = whole.read_bytes()
    told = 0
    for place in range(len(content)):
        for mask in (0x01, 0x0E, 0xFF):  # 0x0E makes of a stored member one that LZMA packed.
            whole.write_bytes(content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :])
            try:
                read_tensors(whole)
            except MissingModel:
                told += 1
    assert told > len(content) // 4


def test_a_number_that_was_altered_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    import torch

    pickled = tmp_path / "pytorch_model.bin"
    torch.save({"weight": torch.full((400,), 1.5)}, pickled)
    content = bytearray(pickled.read_bytes())
    content[content.index(b"\0\0\xc0\x3f" * 400)] = 1
    pickled.write_bytes(content)
    with pytest.raises(MissingModel, match=r"damaged .*CRC"):
        read_tensors(pickled)
    with pytest.raises(MissingModel, match=r"damaged .*CRC"):
        convert_folder(tmp_path)
    assert list(tmp_path.iterdir()) == [pickled]


def test_a_pickled_model_is_converted_into_the_same_one(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    folder = sentence_files(encoder(tmp_path / "model", "bert"), pooling="mean")
    known = TorchEmbedder(read_checkpoint(folder, name="model"), device="cpu").passages(["red stone"])
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    shards = [dict(list(weights.items())[start::2]) for start in range(2)]
    for number, shard in enumerate(shards, start=1):
        torch.save(shard, folder / f"pytorch_model-{number:05}-of-00002.bin")
    with pytest.raises(MissingModel, match=r"python -m kb\.models\.tensor_file"):
        read_checkpoint(folder, name="model")
    assert convert_folder(tmp_path) == [folder / "model.safetensors"]
    assert convert_folder(tmp_path) == []
    written = load_file(folder / "model.safetensors")
    assert written.keys() == weights.keys()
    assert all(torch.equal(written[name], weights[name]) for name in weights)
    again = TorchEmbedder(read_checkpoint(folder, name="model"), device="cpu").passages(["red stone"])
    assert (again == known).all()


def _rewritten(source: Path, target: Path, member: str, content: bytes) -> None:
    with ZipFile(source) as old, ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, content if name.endswith("/" + member) else old.read(name))
