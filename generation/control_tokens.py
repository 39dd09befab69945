"""Tokens by which language models of the common families part the turns of a conversation.

A server makes the prompt, by a tokenizer that only it knows; what a passage quotes must not end a turn there.
"""

from __future__ import annotations

import re

_FORMS = (
    r"<\|[^<>|\s]{1,40}\|>",  # Llama 3, Qwen, Phi, Falcon, GLM, gpt-oss: <|im_start|>
    r"<｜[^<>｜\s]{1,40}｜>",  # DeepSeek
    r"<(?:start|end)_of_(?:turn|image)>|<(?:bos|eos|pad)>",  # Gemma
    r"</?s>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|<</?SYS>>",  # Llama 2, Mistral
    r"\[gMASK\]|<sop>|<extra_id_\d{1,3}>",  # GLM, Nemotron
    r"<(?:START|END)_OF_TURN_TOKEN>|<\|?endoftext\|?>",
)
_CONTROL = re.compile("|".join(_FORMS))


def without_control_tokens(text: str) -> str:
    """`text` with a space in place of each, which keeps what stood around it from becoming another."""
    return _CONTROL.sub(" ", text)
