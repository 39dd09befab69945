"""How sure a sentence is, beside what it cites: universals, limits, duties and liberties, and words of degree."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generation.checking.alignment import Aligned
from generation.checking.comparison import Comparison
from generation.checking.findings import Finding
from generation.checking.hedges import dropped_reserve
from generation.checking.opposites import opposites
from generation.checking.standing import counterpart
from generation.checking.statements import Statement, words_before
from generation.checking.wording import Word


def _whole(words: str) -> re.Pattern[str]:
    """Any of the alternatives as a whole word; those in Chinese wherever they stand."""
    parts = words.split("|")
    spaced = "|".join(word for word in parts if not "\u2e80" < word[0] < "\ua000")
    unspaced = "".join(f"|{word}" for word in parts if "\u2e80" < word[0] < "\ua000")
    return re.compile(rf"(?<![^\W_])(?<!-)(?:{spaced})(?![^\W_]|-){unspaced}", re.IGNORECASE)


_CLAIMS = (
    (
        _whole(
            r"always|invariably|(?:under|in) all circumstances|in every case|immer|stets|toujours|siempre"
            r"|总是|總是|一直"
        ),
        _whole(
            r"always|invariabl\w+|every|each|all|any|never|no|whenever|wherever|however|must|shall|whatever|only|immer"
            r"|stets|jede\w?|alle\w?|toujours|chaque|tou[st]\w*|jamais|siempre|cada|tod[oa]s?|nunca|任何|每|都|总是|總是|凡"
        ),
    ),
    (
        _whole(r"never(?! (?:more|less|later|fewer|above|below|exceed))|nie|niemals|jamais|nunca|从不|從不|绝不|絕不"),
        _whole(
            r"never|not?|none|nothing|nobody|nor|neither|cannot|without|always|only|forbidden|prohibited|nie|niemals|nicht"
            r"|kein\w*|ohne|immer|jamais|pas|sans|aucun\w*|nunca|jamás|sin|ningun\w*|ningún|不|未|没|沒|无|無"
        ),
    ),
    (
        _whole(
            r"(?:at )?any time|at all times|without exception|jederzeit|à tout moment|en cualquier momento|随时|隨時"
        ),
        _whole(
            r"(?:at )?any time|always|whenever|at all times|without exception|jederzeit|immer|à tout moment|toujours"
            r"|en cualquier momento|siempre|随时|隨時"
        ),
    ),
    (
        _whole(
            r"definitely|certainly|guarantee[sd]?|undoubtedly|inevitably|surely|bestimmt|garantiert|certainement"
            r"|garanti\w*|con toda seguridad|seguramente|sin duda|一定|肯定|必然"
        ),
        _whole(
            r"definite\w*|certain\w*|guarante\w*|undoubted\w*|inevitab\w*|sure\w*|must|always|never|shall|sicher|bestimmt"
            r"|garantiert|sûr\w*|garanti\w*|segur\w+|duda|必|一定|肯定"
        ),
    ),
    (
        _whole(
            r"every|everyone|everybody|everything|all|jede[rnsm]?|alle[rnsm]?|tous|toutes|todos|todas|所有|全部|全体|一切"
        ),
        _whole(
            r"every\w*|all|each|any\w*|both|whole|entire\w*|complete\w*|always|never|no|none|nothing|neither|total"
            r"|whatever|whichever|wherever|jede\w?|alle\w?|sämtliche\w?|kein\w*|ganze\w?|tous|toutes?|chaque|aucun\w*"
            r"|todos|todas|cada|ningun\w*|ambos|所有|全部|全体|每|一切|任何|皆|都|凡"
        ),
    ),
    (
        _whole(r"unanimous\w*|einstimmig|à l['’]unanimité|por unanimidad|一致"),
        _whole(r"unanimous\w*|einstimmig\w*|unanim\w*|without dissent|一致"),
    ),
    (
        _whole(
            r"only|solely|exclusively|nothing but|ausschließlich|lediglich|uniquement|exclusivement|únicamente|仅|僅"
        ),
        _whole(
            r"only|sol(?:e|ely|itary)|exclusiv\w*|alone|but|just|nothing|no|not|never|none|except\w*|single|one|limited"
            r"|merely|unless|without|at most|nur|allein\w*|ausschließlich\w*|lediglich|kein\w*|nicht|ne|seul\w*"
            r"|uniqu\w*"
            r"|no|sólo|solo|solamente|únic\w*|只|仅|僅|唯|不"
        ),
    ),
)
"""What a sentence may claim, and the words of a passage one of which it then needs."""
_BOUND = _whole(
    r"must|shall|has to|have to|required to|obliged to|muss|müssen|doit|doivent|debe|deben|tiene que|必须|必須|须|須"
)
_FREE = _whole(
    r"may|might|can|could|optional|optionally|free to|allowed to|permitted to|need not|darf|dürfen|kann|können|peut"
    r"|peuvent|puede|pueden|可以|可"
)
_ADVISED = _whole(r"should|recommended to|advised to|sollte|sollten|devrait|devraient|debería|deberían|应该|應該")
_NOT = _whole(r"not|never|nicht|nie|pas|jamais|no|nunca|不")
_EVERY = _whole(r"every|all|each|always")
_ANY = _whole(r"every|all|each|any|both|no|always|never|not|whole|entire")
_PERHAPS = _whole(r"may|might|could|perhaps|possibly|probably|vielleicht|womöglich|peut-être|quizás?|也许|或许|可能")
_HEDGED = _whole(
    r"may|might|can|could|possib\w+|likely|probab\w+|perhaps|potential\w*|some|sometimes|often|typically|usually|up to"
    r"|tends?|unless|if|option\w*|allow\w*|permi[ts]\w*|free|kann|können|könnte\w*|dürfte\w*|vielleicht|womöglich|möglich\w*|peut\w*|pourrai\w*|possible\w*"
    r"|puede\w*|podría\w*|quizás?|posible\w*|可能|也许|或许|可以"
)
_SURE = 0.55  # cosine from which on two words are taken for one another
_LIKELY = 3  # statements that must all conflict, where as many are near the best


def certainty_findings(comparison: Comparison) -> Iterator[Finding]:
    """Where the sentence is surer than its sources, or demands what they allow, or takes more for less."""
    likely = {clause: comparison.best_for(clause) for clause in comparison.clauses()}
    grounds = " ".join(dict.fromkeys(one.statement.text for ones in likely.values() for one in ones))
    for ones in likely.values():
        found = [next(_degree_conflicts(comparison, one), None) for one in ones[:_LIKELY]]
        if found and found[0] and all(found):
            yield Finding("degree", found[0])
    sources = " ".join(one.statement.text for one in comparison.found)
    for word in _overclaims(comparison.draft.text, grounds, sources):
        yield Finding("overclaimed", f"the passage does not say “{word}”")
    if word := dropped_reserve(comparison):
        yield Finding("unreserved", f"the passage says “{word}”")


def _overclaims(sentence: str, passage: str, sources: str) -> Iterator[str]:
    """The words of `sentence` that claim more than `passage` has words for, and that nowhere stand in `sources`."""
    for claim, grounds in _CLAIMS:
        match = claim.search(sentence)
        if match and not grounds.search(passage) and not _whole(re.escape(match.group())).search(sources):
            yield match.group()


def _degree_conflicts(comparison: Comparison, one: Aligned) -> Iterator[str]:
    """Where the draft and the statement put small words before the same word that exclude one another.

    They are words of degree and place (more, less; before, after), duties and liberties (must, may), and a universal
    in place of a word that narrows ("every employee", "an eligible employee").
    """
    draft, strengths = comparison.draft, one.strengths
    if not strengths.size:
        return
    contraries = opposites(comparison.language)
    if one.same[-1, -1] >= 1.0 and (conflict := _conflict(_after(draft), _after(one.statement), contraries)):
        yield f"the passage says “{conflict[1]}”, not “{conflict[0]}”"
    for item in draft.items:
        if strengths[item.place].max() < _SURE:
            continue
        place = counterpart(comparison, item.place, one)
        before = words_before(draft, item.place)
        if conflict := _conflict(before, words_before(one.statement, place), contraries):
            yield f"the passage says “{conflict[1]}”, not “{conflict[0]}”"
        elif (perhaps := _dropped_doubt(comparison, place, one)) and one.same[item.place, place] >= 1.0:
            yield f"the passage says “{perhaps}”"
        elif any(_EVERY.fullmatch(word.text) for word in before) and not item.figure and _narrows(one, place):
            narrow, wide = one.statement.items[place - 1 : place + 1]
            yield f"the passage speaks of “{narrow.said} {wide.said}” only"


def _after(statement: Statement) -> list[Word]:
    """The words of grammar that end a statement."""
    last = statement.items[-1].end if statement.items else 0
    return [word for word in statement.words if word.start >= last]


def _conflict(mine: list[Word], theirs: list[Word], contraries: dict[str, frozenset[str]]) -> tuple[str, str] | None:
    said, terms = " ".join(word.text for word in theirs), {word.term for word in theirs}
    own = {word.term for word in mine}
    turned = bool(_NOT.search(said)) != any(_NOT.fullmatch(word.text) for word in mine)  # not before: after
    for word in mine:
        clash = (contraries.get(word.term, frozenset()) & terms) - own
        if word.term not in terms and clash and not turned:
            return word.text, min(clash)
        if (
            _BOUND.fullmatch(word.text)
            and not _BOUND.search(said)
            and (free := _FREE.search(said) or _ADVISED.search(said))
        ):
            return word.text, free.group()
        if _FREE.fullmatch(word.text) and not _FREE.search(said) and (bound := _BOUND.search(said)):
            return word.text, bound.group()
    return None


def _dropped_doubt(comparison: Comparison, place: int, one: Aligned) -> str:
    """The word by which a statement leaves open what the draft, nowhere in doubt, says of the same word."""
    said = " ".join(word.text for word in words_before(one.statement, place))
    match = _PERHAPS.search(said)
    return match.group() if match and not _HEDGED.search(comparison.draft.text) else ""


def _narrows(one: Aligned, place: int) -> bool:
    """Whether the word before `place` narrows it, and the draft has left that out."""
    if not place:
        return False
    item, before = one.statement.items[place], one.statement.items[place - 1]
    if before.clause != item.clause or before.figure or words_before(one.statement, place):
        return False
    reach = [*words_before(one.statement, place - 1)]
    return one.strengths[:, place - 1].max() < _SURE and not any(_ANY.fullmatch(word.text) for word in reach)
