"""How language models say that the passages do not answer: as they were told to, or in words of their own.

Where somebody is quoted as saying so, or a sentence goes on to say something, it is no refusal; nor is what is cited.
"""

from __future__ import annotations

import re

from generation.prompting.prompt import REFUSAL
from kb.text.ignorance import admits_ignorance

_LONGEST = 240
"""Characters of a sentence that refuses and does nothing else."""
_VERBS = r"(?:say|mention|answer|contain|provide|specify|state|include|address|give|indicate|discuss|cover|tell)s?\b"
_TEXTS = r"(?:passages?|documents?|excerpts?|sources?|texts?|context)"
_FORMS = (
    # English
    rf"\b{_TEXTS}\s+(?:\w+ )?(?:(?:do|does|did) not|(?:do|does|did)n['’]t|never)\s+(?:\w+ly )?{_VERBS}",
    rf"\b(?:none of|nothing in|nowhere in) (?:\w+ )?(?:\w+ )?{_TEXTS}\b",
    rf"\bthere is (?:no|not enough|insufficient) (?:\w+ )?information\b[^.]*\b{_TEXTS}\b",
    rf"\bno (?:\w+ )?(?:information|mention|answer)\b[^.]*\bin (?:\w+ )?(?:\w+ )?{_TEXTS}\b",
    # German
    r"\b(?:Dokumente?n?|Passagen?|Unterlagen|Texte?n?|Auszüge?n?|Quellen)\b[^.]{0,60}\b(?:nicht|nichts|keine[nr]?)\b",
    # French, Spanish, Italian, Portuguese
    r"\b(?:documents|passages|textes|extraits|sources)\b[^.]{0,20}\bn(?:e\b|['’])[^.]{0,40}\b(?:pas|rien|aucune?)\b",
    r"\b(?:documentos|pasajes|textos|fuentes|fragmentos)\s+no\b",
    r"\b(?:documenti|passaggi|testi|fonti|brani)\s+non\b",
    r"\b(?:documentos|passagens|trechos|textos|fontes)\s+não\b",
    # Chinese, Japanese
    r"(?:文件|文档|文檔|文中|段落|资料|資料|材料|原文)[^。]{0,12}(?:没有|沒有|未|并不|並不)[^。]{0,12}$",
    r"(?:文書|文章|資料|本文)[^。]{0,30}(?:ません|いない|ない)$",
)
_SILENCE = re.compile("|".join(_FORMS), re.IGNORECASE)
_EXCUSE = re.compile(
    r"^\W*(?:I(?: am|['’]m) (?:\w+ )?sorry|sorry|unfortunately|leider|malheureusement|lamentablemente|很?抱歉|对不起)"
    r"\W*(?:but\b|aber\b|mais\b|pero\b)?",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"[,;:，；：]|\b(?:but|however|although|though|while|whereas|except|only|aber|jedoch|sondern|nur|mais|pero|sino)\b|但|不过|只",
    re.IGNORECASE,
)


def refuses(sentence: str) -> bool:
    """Whether a sentence without markers says that the passages do not answer, or its writer does not know, alone."""
    said = _EXCUSE.sub("", sentence).strip()
    if len(said) > _LONGEST:
        return False
    if said.casefold().rstrip(".! ") == REFUSAL.casefold().rstrip("."):
        return True
    found = _SILENCE.search(said.rstrip("。. "))
    if found:
        return _MORE.search(said.rstrip("。. "), found.end()) is None
    return admits_ignorance(said) and _MORE.search(said) is None


def may_refuse(text: str) -> bool:
    """Whether what was written so far may become the refusal that was asked for."""
    return REFUSAL.casefold().startswith(text.strip().casefold())
