"""What this machine is made of, as far as it decides how Citewell runs on it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "torch",
    "transformers",
    "sentence-transformers",
    "FlagEmbedding",
    "openvino",
    "chromadb",
    "simsimd",
    "tantivy",
    "llama-index-core",
    "pypdfium2",
    "pypdf",
    "rapidocr",
    "streamlit",
    "ir-measures",
)
_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "i8mm")


@dataclass(frozen=True, slots=True)
class Processor:
    """The CPU. `features` are the instruction sets that speed models up; empty where the system does not tell."""

    name: str
    cores: int
    features: tuple[str, ...]
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Gpu:
    name: str
    memory_bytes: int
    free_bytes: int
    bfloat16: bool


def versions() -> dict[str, str | None]:
    """Versions of what Citewell stands on, by package; None for one that is not installed. Imports none of them."""
    return {"python": platform.python_version(), **{package: _version(package) for package in PACKAGES}}


def processor() -> Processor:
    info = _cpu_info()
    flags = set((info.get("flags") or info.get("Features") or "").split())
    return Processor(
        name=info.get("model name") or platform.processor() or platform.machine(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        features=tuple(feature for feature in _FEATURES if feature in flags),
        memory_bytes=_memory(),
    )


def gpus() -> list[Gpu]:
    """The CUDA devices that torch can use. Imports torch, which takes some seconds."""
    import torch

    if not torch.cuda.is_available():
        return []
    found = []
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        bfloat16 = torch.cuda.get_device_capability(index) >= (8, 0)
        found.append(Gpu(torch.cuda.get_device_name(index), total, free, bfloat16))
    return found


def process_memory() -> int:
    """Bytes of RAM that this process takes, 0 where the system does not tell."""
    try:
        told = Path("/proc/self/statm").read_text(encoding="ascii").split()
        return int(told[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu_info() -> dict[str, str]:
    """The first core's entry in Linux's /proc/cpuinfo; empty elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.split("\n\n", 1)[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _memory() -> int:
    """Bytes of RAM, 0 where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0
