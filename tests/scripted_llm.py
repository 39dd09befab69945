"""A language model for tests, by LlamaIndex's own base class, that says what it is told to say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata


class ScriptedLLM(CustomLLM):
    """Replies by the first of `rules`, pairs of a pattern and a reply, whose pattern the prompt has; else nothing.

    A reply that is None is an error. Every prompt becomes a line in the file `log`; those whose numbers are in `fails`
    are errors, or Ctrl-C if it `interrupts`.
    """

    rules: tuple[tuple[str, str | None], ...] = ()
    log: str
    model: str = "scripted"
    fails: tuple[int, ...] = ()
    interrupts: bool = False

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=self.model)

    def complete(self, prompt: str, *_: Any, **__: Any) -> CompletionResponse:
        with Path(self.log).open("a", encoding="utf-8") as file:
            file.write(repr(prompt) + "\n")
        if len(logged(Path(self.log))) in self.fails:
            raise KeyboardInterrupt if self.interrupts else ConnectionError("Connection\nrefused.")
        said = next((reply for pattern, reply in self.rules if re.search(pattern, prompt, re.DOTALL)), "")
        if said is None:
            raise ValueError("The content filter was triggered.")
        return CompletionResponse(text=said)

    def stream_complete(self, *_: Any, **__: Any) -> CompletionResponseGen:
        raise NotImplementedError


def logged(log: Path) -> list[str]:
    """The prompts, as Python writes them."""
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []
