"""A language model for tests, by LlamaIndex's own base class, that says what it is told to say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata


class ScriptedLLM(CustomLLM):
    """Replies by the first of `rules`, pairs of a pattern and a reply, whose pattern the prompt has; else nothing.

    Every prompt becomes a line in the file `log`; the line `fails_at` there is an error, or Ctrl-C if it `interrupts`.
    """

    rules: tuple[tuple[str, str], ...] = ()
    log: str
    model: str = "scripted"
    fails_at: int = 0
    interrupts: bool = False

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=self.model)

    def complete(self, prompt: str, *_: Any, **__: Any) -> CompletionResponse:
        with Path(self.log).open("a", encoding="utf-8") as file:
            file.write(repr(prompt) + "\n")
        if len(logged(Path(self.log))) == self.fails_at:
            raise KeyboardInterrupt if self.interrupts else RuntimeError("Connection\nrefused.")
        said = (reply for pattern, reply in self.rules if re.search(pattern, prompt, re.DOTALL))
        return CompletionResponse(text=next(said, ""))

    def stream_complete(self, *_: Any, **__: Any) -> CompletionResponseGen:
        raise NotImplementedError


def logged(log: Path) -> list[str]:
    """The prompts, as Python writes them."""
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []
