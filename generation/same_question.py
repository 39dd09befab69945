"""When two questions are one question put in other words: what each says, in a wording that both would have in common.

Only what never changes what is asked is evened out; any other difference, of one letter even, makes two questions. How
near their embeddings are decides nothing. Of 279 pairs written for the purpose (tests/question_pairs.jsonl), at a
cosine of 0.995 or more all-MiniLM-L6-v2 has 7 of the 101 that ask the same, and 14 of the 178 that do not ("Does a cat
chase a dog?", "Does a dog chase a cat?"); at 0.9 it has 93 and 75. By their wording 69 of the 101 are the same, and
none of the 178.
"""

from __future__ import annotations

import re
import unicodedata

_ENDING = re.compile(r"(?:(?<!\d)!|[.?…。？！\s])+$")
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_PLAIN = str.maketrans({**dict.fromkeys("‘’ʼ`´", "'"), **dict.fromkeys("“”„«»", '"'), **dict.fromkeys("‐‑–—−", "-")})
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
_NAMING = re.compile(r"\b(what|who|where|when)'s(?= (?:the|an?|my|our|your|his|her|its|their)\b)", re.IGNORECASE)
_NOT = re.compile(
    r"\b(?:(can)(?:not|'t)|(is|are|was|were|do|does|did|has|have|had|could|should|would|must)n't)\b", re.IGNORECASE
)
_WORD = re.compile(r"\d+(?:[.,:/-]\d+)+(?!\w)|\w+(?:[._@/]\w+)*|'s\b|(?:(?<=\s)|^)\.\w+|[^\w\s\"]")

_IN_CAPITALS = """
who can all may and not out one are was has had will does aids aid act age arc arm art bat cap cat care cold cost ear
era fan fast fat gas heat hip ice ion lap map mid nor par pet pin pop ram rat raw sad sap saw sea set sit snap spa star
step tan tip top war march august turkey china polish apple windows word excel access outlook teams java python rust
swift ruby jobs bill mark rose grant chase target shell visa amazon oracle nice reading bath
"""
_OTHER_IN_CAPITALS = frozenset(_IN_CAPITALS.split())
"""Words that mean something else in capitals or with one: WHO, AIDS, Polish, Windows."""
_EQUAL = """
what which
who whom
a an
bought purchased
started began begun
allowed permitted
happen occur
happens occurs
happened occurred
children kids
car automobile
cars automobiles
percent %
center centre
centers centres
theater theatre
license licence
licenses licences
catalog catalogue
gray grey
defense defence
traveled travelled
canceled cancelled
2 two
3 three
4 four
5 five
6 six
7 seven
8 eight
9 nine
10 ten
11 eleven
12 twelve
"""
_FIRST = {word: words.split()[0] for words in _EQUAL.strip().splitlines() for word in words.split()}
"""For words that stand for one another in any question, also where one is a name ("type" and "kind" do not): the first
of them."""
_SPELLINGS = (
    (re.compile(r"(?<=\w{4})is(?=(?:e|es|ed|ing|ation|ations)$)"), "iz"),
    (re.compile(r"(?<=\w{3})our(?=s?$)"), "or"),
)

_VERB = "is|are|was|were|do|does|did|has|have|had|can|could|should|would|will|may|must"
_PREPOSITION = "in|at|on|for|during|by|from|with|under|within|since|until|after|before"
_POLITE = re.compile(
    r"^(?:(?:(?:can|could|would|will) you )?(?:please )?(?:tell me|say|show me|explain(?: to me)?)|do you know"
    r"|I (?:would like|want|need) to know) (?=(?:what|who|where|when|why|how)\b)"
)
_INDIRECT = re.compile(
    rf"^(what|who|where|when|why) ((?:the|a|my|our|this)(?: (?!(?:{_VERB})\b)\S+)+)"
    rf" (is|are|was|were)((?: (?!(?:{_VERB})\b)\S+)*)$"
)
_FRONTED = re.compile(
    rf"^((?:{_PREPOSITION}) [^,]+) , "
    rf"((?:what|who|where|when|why|how|{_VERB}) (?:(?!(?:that|what|who|whose|when|where|if) )[^,])+)$"
)
_FRAMES = (
    (re.compile(r"^how (?:(?:do|can) I|(?:does|can) one|I) "), "how to "),
    (re.compile(r"^in what (?=(?:year|month|decade|century)\b)"), "what "),
    (re.compile(r"^what does (.+) mean$"), r"what is the meaning of \1"),
    (re.compile(r"^what is (.+) short for$"), r"what does \1 stand for"),
    (
        re.compile(
            r"^((?:what|who) (?:is|are|was|were)) ((?:(?!'s ).)+) 's "
            rf"((?:(?!(?:{_PREPOSITION})\b|'s)\S+ ?)+)(.*)$"
        ),
        r"\1 the \3 of \2 \4",
    ),
)


def plain_wording(question: str) -> str:
    """What `question` asks, so that two of which this is the same ask the same.

    It evens out case (not that of units and abbreviations), space, quotation marks and what a sentence ends with,
    politeness, a phrase put first, British and American spelling, some words of one meaning and some ways of asking.
    Articles count: "What are the warrants?" and "What are warrants?" differ. In languages other than English that is
    case, space and ends.
    """
    text = unicodedata.normalize("NFC", question).translate(_HALF_WIDTH).translate(_PLAIN)
    text = _HYPHEN.sub(" ", _ENDING.sub("", text.strip()))
    text = _NOT.sub(lambda match: f"{match[1] or match[2]} not", _NAMING.sub(r"\1 is", text))
    return _reframed(" ".join(_folded(text)))


def _folded(text: str) -> list[str]:
    is_shouted = text.upper() == text
    found = _WORD.findall(text)
    words = [
        word.lower() if is_shouted or _is_same_in_small(word, before) else word
        for before, word in zip(["", *found], found, strict=False)
    ]
    return [_respelt(word) for word in words]


def _is_same_in_small(word: str, before: str) -> bool:
    """Not of "mW" and "MW", "US" and "us", "AIDS" and "aids"; `before` is the word before it, "" of the first."""
    if not before:
        return word.istitle() and word != "I"
    if before[-1].isdigit() or word[0].isdigit():
        return False
    return len(word) > 2 and word.lower() not in _OTHER_IN_CAPITALS


def _respelt(word: str) -> str:
    for spelling, other in _SPELLINGS:
        word = spelling.sub(other, word)
    return _FIRST.get(word, word)


def _reframed(text: str) -> str:
    text, count = _POLITE.subn("", text)
    if count:
        text = _INDIRECT.sub(r"\1 \3 \2\4", text)
    text = _FRONTED.sub(r"\2 \1", text)
    for frame, other in _FRAMES:
        text = " ".join(frame.sub(other, text).split())
    return text
