"""What the page says where a sentence names a command: the button that does the same."""

from __future__ import annotations

from app.web.literal import in_markdown

REPAIR = 'press "Check" and then "Repair" on the Library page, under "About this knowledge base"'
REMOVE = 'press "Remove what is gone"'
BUTTONS = {
    "run `citewell verify --repair`": REPAIR,
    "run `citewell reindex`, which": 'press "Rebuild the index" on the Settings page, under "Index", which',
    "`citewell jobs` lists those that run or were interrupted": "the Library page shows those that there are",
    "`citewell list` shows what is there": "the Library page shows what is there",
    "`citewell list` shows what is": "the Library page shows what is",
    "`citewell conversations` shows those that there are": "the list on the left shows those that there are",
    "add some with `citewell ingest PATH`": "add some on the Library page",
    "add --yes to remove all its documents from the base": f"{REMOVE} to remove all its documents from the base",
    "add --yes if that is meant": f"{REMOVE} if that is meant",
}
"""By the words that our own sentences say it in; longer ones first where one holds another."""


def in_words(trouble: Exception | str) -> str:
    """What went wrong, one sentence, for what Streamlit reads as Markdown."""
    return in_markdown(by_button(str(trouble)))


def by_button(sentence: str) -> str:
    """`sentence`, an error's or a state's, as it is said on the page; not yet safe to be shown there."""
    for command, button in BUTTONS.items():
        sentence = sentence.replace(command, button)
    return sentence
