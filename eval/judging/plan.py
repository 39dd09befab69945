"""The judging of a run's answers: what is to be asked, what that costs, and what was asked already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from time import perf_counter

from citewell import Settings
from eval.bases import Progress
from eval.judging.cases import Case, given_answers
from eval.judging.examiner import Examiner, Judge, Judgement, load_judge
from eval.judging.labels import Labels
from eval.judging.measures import MEASURES
from eval.judging.replies import Replies, Reply, replies
from eval.judging.report import judge_report
from eval.judging.results import Judged, JudgeReport
from eval.runs import Run
from eval.tasks import evenly

AGAIN = 50
"""Judgements of each measure that are asked for a second time."""
TOKENIZER = "LlamaIndex's tokenizer"
REPLIES = "judge-replies.jsonl"
"""The file beside a run with all that was replied of the runs in its folder."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What is left to ask: `calls`, the tokens of their prompts as `tokenizer` has them, and the `seconds` they take.

    Of all `judgements`, those that are known need no call, and those that ask the same need one. `seconds` is None
    where this judge was never timed.
    """

    judgements: int
    calls: int
    prompt_tokens: int
    tokenizer: str
    seconds: float | None

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Judging:
    """A run, what the judge is to be asked of its answers, and what it replied so far."""

    run: Run
    judge: Judge
    plan: Sequence[Judgement]
    replies: Replies

    def cost(self) -> Cost:
        missing = self._missing()
        tokens = _token_counter()
        times = [reply.seconds for reply in self.replies.known.values() if reply.judge == self.judge.identity]
        return Cost(
            judgements=len(self.plan),
            calls=len(missing),
            prompt_tokens=sum(tokens(judgement.prompt) for judgement in missing.values()),
            tokenizer=TOKENIZER,
            seconds=round(fmean(times) * len(missing), 1) if times else None,
        )

    def finish(self, *, labels: Labels | None = None, progress: Progress = lambda *_: None) -> JudgeReport:
        """Asks what is left to ask, and writes a run beside the one that is judged, with all that is in that.

        Raises UserError where the language model fails; what it replied until then stays for the next time.
        """
        began = perf_counter()
        missing = self._missing()
        self._ask(missing, progress)
        return judge_report(
            self.run,
            [self._judged(judgement) for judgement in self.plan],
            llm=self.judge.name,
            model=self.judge.model,
            labels=labels,
            calls=len(missing),
            seconds=perf_counter() - began,
        )

    def _missing(self) -> dict[str, Judgement]:
        keys = {judgement.key(self.judge): judgement for judgement in self.plan}
        return {key: judgement for key, judgement in keys.items() if key not in self.replies.known}

    def _ask(self, missing: Mapping[str, Judgement], progress: Progress) -> None:
        """In one event loop, which clients of services keep their connections in."""
        with asyncio.Runner() as runner:
            examiner = Examiner(self.judge.llm, runner)
            for done, (key, judgement) in enumerate(missing.items(), start=1):
                began = perf_counter()
                text = examiner.insist(judgement)
                self.replies.note(key, Reply(self.judge.identity, text, round(perf_counter() - began, 3)))
                progress("judge", done, len(missing))

    def _judged(self, judgement: Judgement) -> Judged:
        reply = self.replies.known[judgement.key(self.judge)].text
        verdict = judgement.measure.verdict(reply)
        return Judged(judgement.id, judgement.measure.name, judgement.again, verdict, reply)


@contextmanager
def judging(run: Run, *, settings: Settings, limit: int | None = None, again: int = AGAIN) -> Iterator[Judging]:
    """The judging of `run` by the settings' language model: of all answers, or of `limit`, spread evenly.

    `again` judgements of each measure, spread evenly, are asked for twice. Raises UserError where there is nothing to
    judge, and SettingsError where there is no language model.
    """
    cases = dict(evenly(list(given_answers(run).items()), limit))
    judge = load_judge(settings)
    with replies(run.path.parent / REPLIES) as known:
        yield Judging(run, judge, judgements(cases, again=again), known)


def judgements(cases: Mapping[str, Case], *, again: int) -> list[Judgement]:
    """Each measure of each answer that it applies to; then, of an even sample, the same in the opposite order."""
    once = [
        Judgement(question, measure, case)
        for question, case in cases.items()
        for measure in MEASURES
        if measure.applies_to(case)
    ]
    samples = [evenly([one for one in once if one.measure is measure], again) for measure in MEASURES]
    twice = [replace(one, case=one.case.reversed(), again=True) for sample in samples for one in sample]
    return [*once, *twice]


def _token_counter() -> Callable[[str], int]:
    """Counts tokens as LlamaIndex measures its own prompts, with cl100k_base where nobody has set another."""
    from llama_index.core.utils import get_tokenizer

    encode = get_tokenizer()
    return lambda text: len(encode(text))
