"""What can be changed on the page: each setting with what it does, what it costs and when it takes effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["choice", "switch", "whole", "share", "seconds", "text", "mode", "stage", "model"]
Needs = Literal["at once", "new documents", "rebuild"]
WHEN: dict[Needs, str] = {
    "at once": "Takes effect at once, for the next question.",
    "new documents": "Takes effect at once, for documents that are added from then on.",
    "rebuild": "Takes effect after “Rebuild the index”, below.",
}


@dataclass(frozen=True, slots=True)
class Switch:
    """`key` is the setting's; of a stage, which is a part of answer.mode, `stage` is its name.

    `names` are the values of a choice, each in words; `low` and `high` bound a number, which may be left empty where
    `empty` says what that means.
    """

    key: str
    label: str
    effect: str
    kind: Kind
    needs: Needs = "at once"
    cost: str = ""
    stage: str = ""
    names: tuple[tuple[str, str], ...] = ()
    low: float = 0
    high: float = 0
    empty: str = ""
    asks_model: bool = False

    @property
    def name(self) -> str:
        """Unlike `key`, no other switch's."""
        return f"{self.key}+{self.stage}" if self.stage else self.key


ANSWERS = (
    Switch(
        "answer.by",
        "Who answers",
        "Whether answers are the documents' own words or written by a language model.",
        "choice",
        cost="The documents' own words take a fraction of a second, a language model seconds.",
        names=(
            ("auto", "The language model, where one is named"),
            ("extractive", "The documents' own words"),
            ("routed", "Their own words where one sentence plainly answers"),
            ("model", "The language model, always"),
        ),
    ),
    Switch(
        "answer.strict",
        "Only what the documents bear out",
        "A language model's answer counts only if the cited passages bear out all of it.",
        "switch",
        cost="The model may be asked again, twice at most.",
    ),
    Switch(
        "answer.drafts",
        "Drafts, of which the best is shown",
        "Where the cited passages do not bear out all of a draft, the model writes others, up to so many.",
        "whole",
        low=1,
        high=8,
        cost="Each takes about as long as the first; none is begun that would not be done in the time for a reply.",
    ),
    Switch(
        "answer.quotes",
        "Quotes shown",
        "How many quotes an answer in the documents' own words has at most.",
        "whole",
        low=1,
        high=10,
    ),
    Switch(
        "answer.passages",
        "Passages weighed",
        "How many passages are searched for an answer in their own words.",
        "whole",
        low=1,
        high=100,
        cost="More passages take a little longer.",
    ),
    Switch(
        "answer.threshold",
        "Least confidence of an answer",
        "Below this confidence the answer is “The documents do not say.”",
        "share",
        low=0,
        high=1,
        empty="the answerer's own",
    ),
    Switch(
        "answer.remembered",
        "Answers kept for the same question",
        "How many of a language model's answers are given again where the same is asked; 0 keeps none.",
        "whole",
        low=0,
        high=100_000,
        cost="A remembered answer comes at once.",
    ),
    Switch(
        "conversations.keep",
        "Turns that a follow-up stands on",
        "How many earlier questions say what a follow-up means; at 0 every question stands on its own.",
        "whole",
        low=0,
        high=50,
    ),
)
SEARCH = (
    Switch(
        "answer.mode",
        "How passages are searched",
        "“hybrid” weighs search by meaning and by words anew for every question.",
        "mode",
    ),
    Switch(
        "answer.mode",
        "Judge the first passages more closely (rerank)",
        "The passages found first are compared with the question once more, and put in a better order.",
        "stage",
        stage="rerank",
        cost="Without a model 0.2 to 0.3 s; with one, as long as it takes.",
    ),
    Switch(
        "answer.mode",
        "Prefer passages that add something (mmr)",
        "Passages that say the same as one before them come later.",
        "stage",
        stage="mmr",
        cost="A millisecond or two.",
    ),
    Switch(
        "answer.mode",
        "Search for what an answer could look like (hyde)",
        "The language model makes up passages, and what is like them is found too.",
        "stage",
        stage="hyde",
        cost="One reply of the language model.",
        asks_model=True,
    ),
    Switch(
        "answer.mode",
        "Search for rewordings (multi)",
        "The language model rewords the question, and each is searched.",
        "stage",
        stage="multi",
        cost="One reply of the language model.",
        asks_model=True,
    ),
    Switch(
        "answer.mode",
        "Search for each part (decompose)",
        "A question with several parts is taken apart, and each part is searched.",
        "stage",
        stage="decompose",
        cost="One reply of the language model.",
        asks_model=True,
    ),
    Switch(
        "answer.mode",
        "Search for what is missing (follow)",
        "The language model says what the passages lack, and that is searched too.",
        "stage",
        stage="follow",
        cost="A reply of the language model for each step.",
        asks_model=True,
    ),
    Switch(
        "rerank.model",
        "Model that judges passages",
        "Without one, the embedder's own tokens judge; a reranker is more exact and slower.",
        "model",
        empty="none: the embedder's tokens",
    ),
    Switch(
        "rerank.depth",
        "Passages judged",
        "How many of the passages found first are judged.",
        "whole",
        low=1,
        high=1000,
        cost="The time grows with their number.",
    ),
    Switch(
        "rerank.seconds",
        "Time to judge, in seconds",
        "What is not judged by then stays in the order in which it was found, and the answer says so.",
        "seconds",
        low=0.1,
        high=600,
    ),
)
LANGUAGE_MODEL = (
    Switch(
        "generator.model",
        "Language model",
        "A folder with safetensors, a model in the hub's cache, or the name that the server knows it by.",
        "model",
        empty="none: the documents' own words",
    ),
    Switch(
        "generator.server",
        "Server",
        "A server that speaks OpenAI's protocol; on another machine, passages and questions are sent to it.",
        "text",
        empty="http://127.0.0.1:11434/v1",
    ),
    Switch(
        "generator.max_tokens",
        "Length of a reply, in tokens",
        "A reply that is longer is cut off.",
        "whole",
        low=1,
        high=100_000,
        cost="The time grows with the length.",
    ),
    Switch(
        "generator.seconds",
        "Time for a reply, in seconds",
        "After this the model stops, and the documents' own words are shown.",
        "seconds",
        low=1,
        high=3600,
    ),
    Switch(
        "generator.quantisation",
        "Smaller weights",
        "On a GPU, smaller weights need less memory and write a little worse.",
        "choice",
        names=(("none", "As they are"), ("8bit", "8 bits"), ("4bit", "4 bits")),
    ),
    Switch(
        "context.tokens",
        "What the model reads, in tokens",
        "How much of the passages the model is given to read.",
        "whole",
        low=16,
        high=1_000_000,
        cost="More takes longer to read, on a CPU by seconds.",
    ),
    Switch(
        "context.passages",
        "Passages searched for it",
        "From how many passages the model's reading is put together.",
        "whole",
        low=1,
        high=1000,
    ),
    Switch(
        "context.order",
        "Order of what it reads",
        "Models heed best what stands first and last.",
        "choice",
        names=(("edges", "The best first and last"), ("rank", "The best first")),
    ),
)
INDEX = (
    Switch(
        "embedding.model",
        "Model for search by meaning (embedder)",
        "It turns passages and questions into vectors; a model for your language finds more.",
        "model",
        needs="rebuild",
        cost="A larger model makes adding documents slower, in proportion.",
    ),
    Switch(
        "chunking.target_tokens",
        "Length of a passage, in tokens",
        "Shorter passages are found more exactly and say less each.",
        "whole",
        needs="rebuild",
        low=16,
        high=8192,
        empty="all that the embedder sees",
    ),
    Switch(
        "ingest.ocr",
        "Read scans and pictures",
        "Text in pictures is recognised where that is installed.",
        "choice",
        needs="new documents",
        names=(("auto", "Where it is installed"), ("off", "Never")),
        cost="Some seconds for each dense page, when it is added.",
    ),
)
GROUPS = {"Answers": ANSWERS, "Search": SEARCH, "Language model": LANGUAGE_MODEL, "Index": INDEX}
