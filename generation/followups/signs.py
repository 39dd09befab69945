"""Whether a question stands on its own, or leans on what was said before it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from generation.followups.speech import (
    CHINESE_ASKING,
    CHINESE_ASKS,
    CHINESE_LEAD,
    CHINESE_POINTING,
    CHINESE_WORD,
    ENGLISH,
    GERMAN,
    PREPOSITIONS,
    SUBJECTS,
    Speech,
    is_chinese,
    speech_of,
)

TOKEN = re.compile(r"[^\W_]+(?:[-.'’/_+][^\W_]+)*|[,;:.?!]")
_STOPS = frozenset(",;:.?!")
_FEW = 2
"""Words of a question without a verb that say nothing by themselves: "Chinese?", "the second?"."""


def leans(question: str) -> bool:
    """Whether `question` is a follow-up: it points to something that it does not name, or lacks a part.

    A question of which every word stands on its own is none, whatever was asked before it.
    """
    text = question.strip().strip("¿¡\"'“”«»")
    if is_chinese(text):
        return _leans_in_chinese(text)
    speech = speech_of(text)
    if speech.resumes.search(text):
        return True
    rest = speech.lead.sub("", text)
    tokens = [token for token in TOKEN.findall(rest.replace("’", "'")) if token not in _STOPS]
    if not any(_is_specific(token, speech) for token in tokens):
        return bool(tokens)
    return _is_elliptical(tokens, speech, goes_on=rest != text, asks=text.endswith("?")) or _points(rest, speech)


def points(question: str) -> bool:
    """Whether a follow-up points to something that it does not name: "How much does it cost?", not "And the rent?"."""
    text = question.strip().strip("¿¡\"'“”«»")
    if is_chinese(text):
        return CHINESE_POINTING.search(text) is not None
    speech = speech_of(text)
    return _points(speech.lead.sub("", text), speech)


def is_name(token: str, *, begins: bool) -> bool:
    """Whether a word looks like a name or an identifier: a capital that opens no sentence, several, or a digit in it.

    A number by itself is none.
    """
    capitals = sum(letter.isupper() for letter in token)
    has_digit = any(letter.isdigit() for letter in token)
    return capitals > begins or (has_digit and any(letter.isalpha() for letter in token))


def words(text: str) -> list[str]:
    """The words and numbers of `text` in order, without "'s"; of Chinese what stands between its particles."""
    if is_chinese(text):
        return CHINESE_WORD.findall(CHINESE_ASKING.sub(" ", text))
    return [word.removesuffix("'s") for word in TOKEN.findall(text.replace("’", "'")) if word not in _STOPS]


def content(text: str) -> list[str]:
    """The words of `text` that carry what it is about, as they are written, each once: names, numbers, main words."""
    speech = speech_of(text)
    kept = [
        word
        for index, word in enumerate(words(text))
        if _is_specific(word, speech) or is_name(word, begins=index == 0) or word[0].isdigit()
    ]
    return list({word.casefold(): word for word in reversed(kept)}.values())[::-1]


def _is_specific(token: str, speech: Speech) -> bool:
    """Whether a word says by itself what is meant; a bare number does not."""
    word = token.casefold()
    forms = (word, word.removesuffix("'s"), word.removesuffix("s"))
    is_common = any(form in speech.function or form in speech.general for form in forms)
    return not is_common and any(letter.isalpha() for letter in word)


def _is_elliptical(tokens: Sequence[str], speech: Speech, *, goes_on: bool, asks: bool) -> bool:
    """Whether the clause lacks its verb: "and in 2019?", "how many layers?", "for Chinese?"."""
    said = [word.casefold() for word in tokens]
    asking = next((index for index, word in enumerate(said) if word in speech.asking), -1)
    if not asks or any(word in speech.verbs for word in said):
        return False
    if asking < 0:
        return goes_on or len(said) <= _FEW or said[0] in PREPOSITIONS
    if asking > 1:
        return False  # "It is called what?" asks for the end of a sentence that is there.
    after = said[asking + 1 :]
    if said[asking] in ("how", "wie", "combien", "cuántos", "cuántas", "which", "what", "whose"):
        has_name = any(is_name(token, begins=speech is GERMAN) for token in tokens[asking + 1 :])
        return len(after) <= _FEW and not has_name and (goes_on or said[asking] != "what" or len(after) <= 1)
    return len(after) <= 1


def _points(text: str, speech: Speech) -> bool:
    if speech.pointing.search(text):
        return True
    tokens = TOKEN.findall(speech.empty.sub("", text).replace("’", "'"))
    if tokens and tokens[0].casefold() in PREPOSITIONS and "," in tokens:
        tokens = tokens[tokens.index(",") + 1 :]  # "In Ulm, how long is it?" asks about nothing in "in Ulm".
    tokens = tokens[_opening(tokens, speech) :]
    is_named = has_border = skips = False
    for token in tokens:
        word = token.casefold()
        if word in speech.personal and not (is_named and has_border):
            return not (speech is not ENGLISH and token[0].isupper())
        if word in speech.possessive and not is_named:
            return True
        if word in speech.border or word in _STOPS:
            has_border = has_border or is_named
        if word in speech.function or word in _STOPS:
            skips = word in SUBJECTS
            continue
        # What follows "I" or "you" is what they do, and names nothing.
        is_named, skips = is_named or not skips, False
    return False


def _opening(tokens: Sequence[str], speech: Speech) -> int:
    """How many tokens ask, and name nothing that a pronoun after them could mean: "which models" (does it use)."""
    asking = next((index for index, token in enumerate(tokens[:3]) if token.casefold() in speech.asking), -1)
    if asking < 0:
        return 0
    end = asking + 1
    while end < len(tokens) and not _ends_opening(tokens[end], speech):
        end += 1
    return end


def _ends_opening(token: str, speech: Speech) -> bool:
    return token in _STOPS or token.casefold() in speech.function or is_name(token, begins=speech is GERMAN)


def _leans_in_chinese(text: str) -> bool:
    """It leans where it goes on, or points back before it has named anything, or asks by 呢 alone, or says nothing."""
    if CHINESE_LEAD.search(text) or not CHINESE_ASKING.sub("", text):
        return True
    pointing = CHINESE_POINTING.search(text)
    if pointing and not CHINESE_ASKING.sub("", text[: pointing.start()]):
        return True
    return text.rstrip("？?").endswith("呢") and not CHINESE_ASKS.search(text)
