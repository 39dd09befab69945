"""Which sentences of a passage give orders to whoever answers: they are data, and bear nothing out."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MACHINE = (
    r"(?:(?:ai|virtual|language|llm|chat|digital|helpful)[ -]*)?"
    r"(?:assistants?|chat ?bots?|bots?|llms?|ais?|models?|agents?|gpt|claude|copilot|answering (?:system|engine)"
    r"|(?:automated|automatic|machine) (?:readers?|systems?|tools?|processors?))"
)
_RULES = (
    r"(?:instructions?|rules|prompts?|directions|guidelines|context|commands?|orders|policies|constraints|questions?)"
)
_SAY = r"(?:say|answer|respond|reply|state|output|print|write|claim|tell|report|repeat|mention|conclude|include|return)"

_HEADER = re.compile(
    rf"^\W*(?:(?:important|urgent|attention|note|notice|message|memo|hint|reminder|to|dear|hey|for)\W+(?:for|to)?\W*)+"
    rf"(?:(?:the|all|any|every|an|your)\s+)?{_MACHINE}\b"
    rf"|^\W*(?:{_MACHINE}|system|developer|admin(?:istrator)?|new instructions?|system (?:prompt|message|note|override)"
    r"|instructions? (?:for|to) (?:the )?(?:ai|assistant|model|llm))\s*[:>\]\-–—]"
    r"|<\|[\w ]+\|>|\[/?(?:inst|sys|system)\]|<</?sys>>|</?(?:system|instructions?|prompt)>"
    r"|^\s*#{1,6}\s*(?:system|instructions?|assistant)\b|^\W*(?:begin|end) (?:system|prompt|instructions?)\b",
    re.IGNORECASE,
)
_OPENING = r"(?:^\W*|[.!?:;,—–]\W*|\b(?:please|must|should|now|and|to you)\s+)"
_ORDERS = (
    (
        rf"{_OPENING}(?:ignore|disregard|forget|override|bypass|discard)\b[^.!?]{{0,40}}\b"
        rf"(?:previous|prior|above|earlier|preceding|other|all|any|your|these|those|the)\b[^.!?]{{0,30}}\b{_RULES}\b"
    ),
    (
        rf"\b(?:you|{_MACHINE})\s+(?:must|should|shall|have to|are to|need to|is to|(?:are|is) (?:now |hereby )?"
        rf"(?:required|instructed|ordered|told) to)"
        rf"(?:\s+(?:now|always|only|instead|therefore|please|never|not))*\s+{_SAY}\s+"
        r"(?:that|with|only|as|in the|to (?:every|all|any|the)|[\"“'‘:])"
    ),
    r"\byou are (?:now )?(?:an?|the|no longer)\b[^.!?]{0,60}\b(?:ai|assistant|model|chatbot|bot|mode|bound)\b",
    (
        r"(?:^\W*|[,;:]\s*|\b(?:instead|please|always|simply|just)\s+)"
        r"(?:say|reply|respond|output|print|claim|pretend|answer|state|write|assert|tell (?:the |every |any )?"
        r"(?:users?|readers?|people|them|him|her))\s+(?:only\s+|always\s+|instead\s+|exactly\s+|just\s+)*"
        r"(?:that|with|as|[\"“'‘:]|to (?:every|all|any|the) (?:questions?|users?)|(?:yes|no)\b|(?:every|all|any) "
        r"questions?)"
    ),
    (
        rf"\bdo not (?:mention|reveal|disclose|cite|tell|repeat|show)\b[^.!?]{{0,40}}\b"
        rf"(?:this (?:note|message|instruction|text|passage|line)|these|the (?:user|reader)|{_RULES})"
    ),
    (
        r"\b(?:when|if|whenever) (?:you are |you're )?(?:asked|anyone asks|someone asks|the users? asks?|a user asks"
        rf"|questioned)\b[^.!?]*\b{_SAY}\b"
    ),
    (
        r"\b(?:in your|(?:begin|start|end|finish|open|close|conclude) (?:your|every|each|all))\s+"
        r"(?:answers?|repl(?:y|ies)|responses?)\b"
    ),
    (
        r"\byour (?:answer|reply|response|output|(?:only |new )?(?:task|role|instructions?))\s+"
        r"(?:must|should|is|are|shall|has|have|needs?)\b"
    ),
    r"\b(?:ignorier\w*|missacht\w*|vergiss|vergessen sie)\b[^.!?]{0,60}\b(?:anweisung\w*|regeln|vorgaben|befehle?)\b",
    (
        r"\b(?:antworte|sage?|behaupte|schreibe?|antworten sie|sagen sie|behaupten sie)\b[^.!?]{0,20}"
        r"(?:,\s*dass|\b(?:mit|nur|immer)\b|:)"
    ),
    r"\b(?:ignorez?|oubliez?|ne tenez pas compte)\b[^.!?]{0,60}\b(?:instructions?|consignes?|règles)\b",
    r"\b(?:réponds|répondez|dis|dites|affirmez?|écrivez?)\b[^.!?]{0,20}\b(?:que|par|toujours)\b",
    r"\b(?:ignora|ignore|ignoren|olvida|olvide)\b[^.!?]{0,60}\b(?:instrucciones|reglas|indicaciones)\b",
    r"\b(?:responde|responda|diga|afirma|afirme|contesta|conteste)\b[^.!?]{0,20}\b(?:que|con|siempre)\b",
    r"(?:忽略|無視|无视|忘記|忘记)[^。！？]{0,20}(?:指示|指令|規則|规则|提示|內容|内容)",
    r"(?:必須|必须|請|请|一律|只能|應該|应该)[^。！？]{0,6}(?:回答|回覆|回复|答覆|答复|聲稱|声称)",
)
_ORDER = re.compile("|".join(_ORDERS), re.IGNORECASE)
_SPOKEN_OF = re.compile(
    r"\b(?:instruct\w*|inject\w*|commands?|orders?|ordered|prompts?|attack\w*|tells?|telling|told|asks|asking|demands?"
    r"|hidden|malicious|Anweisung\w*|Befehl\w*|consignes?|instrucci\w+|ordena)\b|指示|指令|注入|攻擊|攻击",
    re.IGNORECASE,
)


def ordering(sentences: Sequence[str], *, breaks: Sequence[bool]) -> list[bool]:
    """For each sentence of a passage, in order, whether it gives orders or belongs to a message that does.

    `breaks` says where a paragraph begins: what is headed as a message to the machine goes on until there.
    """
    found, message = [], False
    for sentence, is_first in zip(sentences, breaks, strict=True):
        header = _HEADER.search(sentence) is not None
        message = header or (message and not is_first)
        found.append(message or _ORDER.search(sentence) is not None)
    return found


def gives_orders(sentence: str) -> bool:
    """Whether a sentence by itself orders a machine to do or to say something."""
    return _HEADER.search(sentence) is not None or _ORDER.search(sentence) is not None


def speaks_of_orders(sentence: str) -> bool:
    """Whether a sentence may be telling of orders that a passage gives, rather than obeying them."""
    return _SPOKEN_OF.search(sentence) is not None
