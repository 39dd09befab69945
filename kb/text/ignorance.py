"""How language models say that they do not know, or will not tell, in the languages that most of them speak.

English, German, French, Spanish, Italian, Portuguese, Dutch, Russian, Chinese, Japanese, Korean. Where a reply is taken
for such by mistake, a question is searched as it stands.
"""

from __future__ import annotations

import re

_OPENING = 160
"""Characters in which it is said: later on, somebody in a passage may say so."""
_FORMS = (
    # English
    r"\bI (?:\w+ly )?(?:do not|don['’]t) (?:\w+ly )?(?:know|have|understand|recogni[sz]e)\b",
    r"\bI(?: am|['’]m) (?:\w+ly )?(?:un(?:sure|able|aware|familiar)|not (?:sure|able|aware|familiar))\b",
    r"\bI (?:can ?not|can['’]t|could not|couldn['’]t) (?:answer|assist|determine|find|help|provide|say|tell|write)\b",
    r"\bI have (?:no|never heard)\b|\bthere is (?:no|not enough|insufficient) information\b(?! (?:desk|office))",
    r"^\W*(?:unknown|no idea|not sure|n/a)\b",
    # German
    r"\bich wei(?:ß|ss) (?:es |das |dazu |darüber |leider )*nich(?:t|ts)\b|\bdas wei(?:ß|ss) ich (?:leider )?nicht\b",
    r"\bich habe (?:dazu |darüber |hierzu |leider )*keine\b|\bich kann (?:\w+ ){0,4}(?:nicht|keine)\b",
    # French
    r"\bje ne (?:le )?(?:sais|connais|peux|dispose|trouve|suis)\b[^.]{0,12}\b(?:pas|aucune?)\b",
    r"\bje n['’]ai (?:pas|aucune?)\b",
    # Spanish
    r"\bno (?:lo )?sé\b|\bdesconozco\b|\bno (?:tengo|dispongo de|cuento con|conozco)\b",
    r"\bno puedo (?:responder|ayudar|dar|proporcionar)\b",
    # Italian
    r"\bnon (?:lo )?so\b|\bnon (?:conosco|dispongo|ho (?:alcuna |nessuna )?informazion)",
    r"\bnon posso (?:rispondere|fornire|aiutar)",
    # Portuguese
    r"\bnão (?:o )?sei\b|\bdesconheço\b|\bnão (?:conheço|disponho|tenho (?:\w+ )?informaç)",
    r"\bnão posso (?:responder|fornecer|ajudar)\b",
    # Dutch
    r"\bik weet (?:het |dat |dit |daar |helaas )*nie(?:t|ts)\b|\bik heb (?:helaas )?geen\b",
    r"\bik kan (?:\w+ ){0,4}(?:niet|geen)\b",
    # Russian
    r"\bя (?:\w+ )?не (?:знаю|уверен|располагаю)|\bя не могу (?:ответить|помочь|предоставить|найти)",
    r"\bу меня нет\b|^\W*не знаю\b",
    # Chinese
    r"我(?:并|並|也)?不(?:太)?(?:知道|清楚|了解|瞭解|确定|確定)|^\W*(?:对不起|對不起|抱歉|很抱歉|不知道)",
    r"我?(?:无法|無法|不能)(?:回答|提供|确定|確定|找到)|我?(?:没有|沒有)(?:相关|相關|足够|足夠|关于|關於)",
    # Japanese
    r"(?:わかり|分かり|知り|存じ)ません|お答えできません|(?:わから|分から|知ら)ない|申し訳",
    # Korean
    r"모르겠|모릅니다|알 수 없|알지 못|죄송|정보가 없",
)
_IGNORANCE = re.compile("|".join(_FORMS), re.IGNORECASE)


def admits_ignorance(reply: str) -> bool:
    """Whether a reply begins by saying that its writer does not know."""
    return _IGNORANCE.search(reply[:_OPENING]) is not None
