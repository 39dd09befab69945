"""How fast a language model in this process writes, beside transformers' own `generate` and the limit of the memory.

    python benchmarks/generation_speed.py [--shape 8b] [--context 4096] [--tokens 256] [--askers 16] [--compiled]

The model is of Llama's shape with random weights, in half precision on a GPU. Drafts are off: what they gain depends on
what a trained model copies, of which random weights say nothing. Prints JSON, a row for each path:

    generate             transformers' own, one reply, its cache growing
    generate, compiled   the same with a static cache and compilation (with --compiled; the first reply, which compiles,
                         is left out)
    generate, together   as many replies as askers in one call, whose prompts are there at once
    alone                this project's steps for one who asks alone
    alone, known prefix  the same, of whose prompt all but the last tenth was read for another
    together             as many as askers at once, each in a thread of its own

`first_token` is in seconds (the last one's, where several ask, and not known of one call), `tokens_per_second` counts
from there for one, and from the beginning for several, all together. `of_limit` is the share of what the memory allows:
for each step all weights and every reply's keys and values are read once, at the speed at which this run copies a large
tensor.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from generation.local.decoding import decode, empty_cache
from generation.local.memory import give_back
from generation.local.prefixes import size_of
from generation.local.work import Work
from generation.local.writing import Writer

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

SHAPES = {
    "8b": {"hidden_size": 4096, "intermediate_size": 14_336, "num_hidden_layers": 32, "num_attention_heads": 32},
    "1b": {"hidden_size": 2048, "intermediate_size": 8_192, "num_hidden_layers": 16, "num_attention_heads": 32},
    "100m": {"hidden_size": 768, "intermediate_size": 2_048, "num_hidden_layers": 12, "num_attention_heads": 16},
    "tiny": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 8},
}
VOCABULARY = {"8b": 128_256, "1b": 128_256, "100m": 32_000, "tiny": 500}
FOREVER = 1e6


@dataclass(frozen=True, slots=True)
class Row:
    path: str
    askers: int
    first_token: float | None
    tokens_per_second: float
    of_limit: float


@dataclass(slots=True)
class Clock:
    """Takes tokens as they are written, as `generate` gives them to a streamer, and notes when they come."""

    is_told_prompt: bool = False
    begun: float = field(default_factory=perf_counter)
    first: float = 0.0
    last: float = 0.0
    tokens: int = 0

    def put(self, value: torch.Tensor) -> None:
        if self.is_told_prompt:
            self.is_told_prompt = False
            return
        self.last = perf_counter()
        self.first = self.first or self.last
        self.tokens += int(value.numel())

    def end(self) -> None:
        pass

    @property
    def first_token(self) -> float:
        return self.first - self.begun

    @property
    def rate(self) -> float:
        return (self.tokens - 1) / max(1e-9, self.last - self.first)


def random_model(shape: str, *, device: str, context: int) -> PreTrainedModel:
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    from kb.models.precision import precision_on

    config = LlamaConfig(
        **SHAPES[shape],
        num_key_value_heads=8,
        vocab_size=VOCABULARY[shape],
        max_position_embeddings=2 * context,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=0,
    )
    torch.manual_seed(1)
    torch.set_default_dtype(precision_on(device))
    with torch.device(device):
        model = LlamaForCausalLM(config).eval()
    torch.set_default_dtype(torch.float32)
    model.generation_config = GenerationConfig(do_sample=False, pad_token_id=0)  # type: ignore[no-untyped-call]
    return model


def bytes_per_second(device: str) -> float:
    """What is read and written when a tensor is copied that no cache of the processor holds."""
    import torch

    source = torch.zeros(2**30 if device == "cuda" else 2**28, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    best = 0.0
    for _ in range(5):
        _wait(device)
        begun = perf_counter()
        target.copy_(source)
        _wait(device)
        best = max(best, 2 * source.numel() / (perf_counter() - begun))
    return best


def _wait(device: str) -> None:
    import torch

    if device == "cuda":
        torch.cuda.synchronize()


class Benchmark:
    def __init__(self, model: PreTrainedModel, *, context: int, tokens: int, askers: int) -> None:
        self.model, self.context, self.tokens, self.askers = model, context, tokens, askers
        self.bandwidth = bytes_per_second(model.device.type)
        embeddings = model.get_input_embeddings().weight  # type: ignore[union-attr]
        # Of the table of embeddings a step reads but its own tokens' rows.
        self.weights = sum(part.nbytes for part in model.parameters()) - embeddings.nbytes  # type: ignore[union-attr]
        cache = empty_cache(model)
        next(decode(model, [1], cache=cache, tokens=1))
        self.token_bytes = size_of(cache)

    def limit(self, askers: int) -> float:
        """Tokens per second, amid the replies."""
        read = self.weights + askers * (self.context + self.tokens // 2) * self.token_bytes
        return askers * self.bandwidth / read

    def prompt(self, seed: int, *, like: list[int] | None = None) -> list[int]:
        """Random tokens; where `like` is given, they begin with the first nine tenths of it."""
        import torch

        drawn = torch.Generator().manual_seed(seed)
        fresh: list[int] = torch.randint(1, self.model.config.vocab_size, (self.context,), generator=drawn).tolist()
        shared = (like or [])[: self.context * 9 // 10]
        return [*shared, *fresh[len(shared) :]]

    def one(self, path: str, write: Callable[[list[int], Clock], None], prompt: list[int]) -> Row:
        clock = Clock()
        write(prompt, clock)
        return Row(path, 1, clock.first_token, clock.rate, clock.rate / self.limit(1))

    def several(self, path: str, *, tokens: int, seconds: float, first_token: float | None) -> Row:
        rate = tokens / seconds
        return Row(path, self.askers, first_token, rate, rate / self.limit(self.askers))

    def generate(self, prompt: list[int], clock: Clock, *, compiled: bool = False) -> None:
        import torch

        clock.is_told_prompt = True
        ids = torch.tensor([prompt], device=self.model.device)
        self.model.generate(  # type: ignore[operator]
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=self.tokens,
            streamer=clock,
            cache_implementation="static" if compiled else None,
        )

    def generate_together(self, prompts: list[list[int]]) -> Row:
        import torch

        ids = torch.tensor(prompts, device=self.model.device)
        begun = perf_counter()
        self.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=self.tokens)  # type: ignore[operator]
        _wait(self.model.device.type)
        written = self.tokens * len(prompts)
        return self.several("generate, together", tokens=written, seconds=perf_counter() - begun, first_token=None)

    def together(self, writer: Writer, prompts: list[list[int]]) -> Row:
        clocks = [Clock() for _ in prompts]
        begun = perf_counter()
        with ThreadPoolExecutor(len(prompts)) as pool:
            list(pool.map(lambda place: self.write(writer, prompts[place], clocks[place]), range(len(prompts))))
        last, first = max(clock.last for clock in clocks), max(clock.first for clock in clocks)
        written = sum(clock.tokens for clock in clocks)
        return self.several("together", tokens=written, seconds=last - begun, first_token=first - begun)

    def write(self, writer: Writer, prompt: list[int], clock: Clock) -> None:
        text: object = clock
        writer.write(Work(prompt, tokens=self.tokens, seconds=FOREVER, ends=frozenset(), text=text))  # type: ignore[arg-type]

    def rows(self, *, compiled: bool) -> list[Row]:
        device = self.model.device.type
        each = self.token_bytes * 2 * (self.context + self.tokens)
        writer = Writer(
            self.model, cache_bytes=2 * self.askers * each, askers=self.askers, joins=device == "cuda", draft=0
        )
        prompts = [self.prompt(seed) for seed in range(self.askers)]
        self.write(writer, self.prompt(100)[:64], Clock())  # The first use is slower.
        rows = [self.one("generate", self.generate, prompts[0])]
        if compiled:
            self.generate(self.prompt(101), Clock(), compiled=True)
            rows.append(
                self.one(
                    "generate, compiled", lambda prompt, clock: self.generate(prompt, clock, compiled=True), prompts[0]
                )
            )
        rows.append(self.one("alone", lambda prompt, clock: self.write(writer, prompt, clock), prompts[0]))
        alike = self.prompt(102, like=prompts[0])
        rows.append(self.one("alone, known prefix", lambda prompt, clock: self.write(writer, prompt, clock), alike))
        give_back()
        rows.append(self.generate_together(prompts))
        give_back()
        rows.append(self.together(writer, [self.prompt(200 + seed) for seed in range(self.askers)]))
        return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--context", type=int, default=4096, help="tokens of a prompt")
    parser.add_argument("--tokens", type=int, default=256, help="tokens of a reply")
    parser.add_argument("--askers", type=int, default=16)
    parser.add_argument("--compiled", action="store_true", help="measure a static cache with compilation too")
    given = parser.parse_args()

    from kb.models.embedders import chosen_device
    from kb.models.transformers_models import quiet_transformers

    quiet_transformers()
    model = random_model(given.shape, device=chosen_device(given.device), context=given.context)
    benchmark = Benchmark(model, context=given.context, tokens=given.tokens, askers=given.askers)
    rows = benchmark.rows(compiled=given.compiled)
    json.dump(
        {
            "shape": given.shape,
            "device": model.device.type,
            "precision": str(model.dtype).removeprefix("torch."),
            "attention": model.config._attn_implementation,
            "context": given.context,
            "tokens": given.tokens,
            "gigabytes_per_second": benchmark.bandwidth / 1e9,
            "limit": {str(askers): benchmark.limit(askers) for askers in (1, given.askers)},
            "paths": [asdict(row) for row in rows],
        },
        sys.stdout,
        indent=2,
    )
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
