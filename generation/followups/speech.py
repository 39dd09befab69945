"""The words by which a question leans on what was said before it, in English, German, French, Spanish and Chinese.

English thoroughly, the others by short lists: of a question in another language, all words count as its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.text.words import CJK

_HAN = re.compile(f"[{CJK}]")
_WORD = re.compile(r"[^\W\d_]+")


def _words(listing: str) -> frozenset[str]:
    return frozenset(listing.split())


def _pattern(*forms: str) -> re.Pattern[str]:
    return re.compile("|".join(forms), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Speech:
    """How one language refers back.

    `function` are words without content of their own, `verbs` those of them that make a clause, `asking` those that
    begin a question; `general` are words that say something only together with others ("author", "happen"). `lead` is
    what goes on ("and"), `resumes` what goes on even with a whole sentence after it ("what about"). `pointing` points
    back whatever stands before it; `personal` and `possessive` only where nothing in the question is meant; `empty`
    are such words that mean nothing ("it is possible that"). `border` parts clauses.
    """

    function: frozenset[str]
    verbs: frozenset[str]
    asking: frozenset[str]
    general: frozenset[str]
    lead: re.Pattern[str]
    resumes: re.Pattern[str]
    pointing: re.Pattern[str]
    personal: frozenset[str]
    possessive: frozenset[str]
    empty: re.Pattern[str]
    border: frozenset[str]


ENGLISH = Speech(
    function=_words("""
        a an the and or but so of in on at to for from by with without about into over under between among
        through during before after until since against as than like per via within beyond above below up down
        out off upon i me my mine we us our you your he him his she her hers it its they them their theirs this
        that these those there here one ones each every all any some both either neither no not none nothing
        something anything someone anyone else other others another same such own only just also too very much
        many more most less least few little enough even still again now then yet ever never always often please
        ok okay yes well really exactly actually if when while because although though whether unless who whom
        whose which what where why how be is are was were been being am do does did doing done have has had
        having can could will would shall should may might must let lets don't doesn't didn't isn't aren't
        wasn't weren't can't couldn't won't it's that's what's who's there's let's"""),
    verbs=_words("""
        is are was were be am do does did have has had can could will would shall should may might must don't
        doesn't didn't isn't aren't wasn't weren't can't couldn't won't what's who's there's it's that's"""),
    asking=_words("who whom whose which what where when why how"),
    general=_words("""
        about advantage advantages alternative alternatives answer author authors bad bad benefit benefits best
        better big bigger call called case cases cause cheap cheaper choice come comes condition conditions
        consequence consequences continue cost costs data date day default define definition describe described
        detail details differ difference differences different difficult disadvantage disadvantages downside
        downsides drawback drawbacks easier easy effect effects elaborate example examples exception exceptions
        expensive explain explained fact fast faster find first form formula found further gain general get gets
        give given gives go goal good happen happened happens hard help helps idea important improvement instead
        invent invented inventor kind know known large larger largest last limit limitation limitations limits
        list long longer look low lower main make makes many mean meaning means mention mentioned method model
        more name named names necessary need needed needs new number old original paper part people place point
        possible problem problems prefer proposed publication publish published purpose put question range rate
        rather reason reasons recommend recommended refer result results right say says second see seen show
        shown simple size slow slower small smaller smallest solution source sources special specific step steps
        stuff sum summarise summarize summary suppose sure take takes talk tell term terms thing things think
        third time title topic true try type types understand unit usage use used useful uses using usual
        usually value values version versions want way ways weakness weaknesses whole wish word words work
        worked works worse worst write written wrote wrong year years"""),
    lead=_pattern(r"^(?:and|but|or|so|ok|okay|well|also|plus|then|now)\b[\s,:-]*"),
    resumes=_pattern(r"^(?:what|how) about\b", r"^same (?:for|with)\b", r"^(?:what|who|where|anything) else\b"),
    pointing=_pattern(
        r"(?:^|\b(?:is|was|are|were|isn't|wasn't|does|did|do|can|could|would|will|should|about|of|by|with|for|from|on|"
        r"after|before|why|how|like|than|to|at|mean|like|said|find|found|do|did|explain|what|besides|except|if)\s)"
        r"that\b(?! (?:i|you|we|they|he|she|it|there|a|an|the|all|some|no|every|each)\b)",
        r"\bthat\W*$",
        r"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )(?<!\bbe )\bthere\W*$",
        r"\bthen\W*$",
        r"\b(?:the )?(?:former|latter)\b",
    ),
    personal=_words("it they them he him she her this these those"),
    possessive=_words("its their theirs his hers same others ones"),
    empty=_pattern(
        r"\bit\b(?= (?:take|takes|took|taken|cost|costs|matter|matters|make sense)\b.*\b(?:to|if|that|whether|how)\b)",
        r"(?:(?<=\bis )|(?<=\bwas ))it\b(?= (?:not |always |ever |really |still |also )*"
        r"(?:possible|necessary|true|better|best|worse|worth|important|useful|safe|ok|okay|common|normal|bad|good|enough"
        r"|easy|easier|hard|harder|difficult|allowed|legal|called|said|known|likely|clear|a|an|that)\b"
        r".*\b(?:if|that|to|when|whether)\b)",
        r"\bit\b(?= is (?:not )?(?:possible|necessary|true|better|known|clear)\b)",
        r"\bth(?:is|ese)\b(?= (?:year|week|month|day)s?\b)",
        r"\bthose\b(?= (?:of|who|which|that|in|with|without|for|from|on|by|where|whose)\b)",
    ),
    border=_words("""
        and or but because if when while that which who whom whose where before after until unless since so as
        than though although whether how why what"""),
)

GERMAN = Speech(
    function=_words("""
        der die das den dem des ein eine einen einem einer eines und oder aber von vom zu zum zur in im an am
        auf aus bei beim mit ohne für gegen durch über unter nach vor seit bis um als wie nicht kein keine
        keinen nur auch noch schon sehr mehr viel viele wenig so dann denn da dort hier es er sie ihn ihm ihr
        ihre ihren ihrem ihrer sein seine seinen ich du wir man mein dein unser dieser diese dieses diesen
        diesem jener jene was wer wen wem wessen wann wo warum wieso weshalb welche welcher welches welchen
        wieviel ist sind war waren wird werden wurde wurden hat haben hatte kann können muss müssen soll sollen
        darf dürfen gibt sich dass ob wenn weil davon dafür damit dabei dazu daran darin darauf darüber bitte
        genau"""),
    verbs=_words("""
        ist sind war waren wird werden wurde wurden hat haben hatte kann können muss müssen soll sollen darf
        dürfen gibt"""),
    asking=_words("was wer wen wem wessen wann wo warum wieso weshalb welche welcher welches welchen wie wieviel"),
    general=_words("""
        beispiel beispiele grund gründe vorteil vorteile nachteil nachteile unterschied problem autor autoren
        wert werte bedeutet heißt passiert funktioniert geht erklär erkläre erklären sag sage mir mehr genauer
        weiter teuer schnell gut besser schlecht groß lang oft jahr nützt kostet macht"""),
    lead=_pattern(r"^(?:und|aber|oder|also|ok|dann)\b[\s,:-]*"),
    resumes=_pattern(r"^was ist mit\b", r"^wie (?:sieht es|ist es|steht es) (?:mit|bei)\b", r"^was noch\b"),
    pointing=_pattern(
        r"\b(?:davon|dafür|dabei|dazu|daran|darin|darauf|darüber|dagegen|danach|dies(?:e[rsnm]?)?|jene[rsnm]?)\b",
        r"(?<!,)(?<!, )\bdamit\b",
        r"\bdas\W*$|^(?:ist|war|wird|kann|geht|gilt) das\b(?! \w+$)",
        r"\bdort\b",
    ),
    personal=_words("er es sie ihn ihm ihnen"),
    possessive=_words("sein seine seinen seiner ihr ihre ihren ihrer ihrem dessen deren"),
    empty=_pattern(r"\bes\b(?= (?:möglich|nötig|wahr|erlaubt|sinnvoll)\b)", r"(?<=\bgibt )es\b", r"\bes\b(?= gibt\b)"),
    border=_words("und oder aber weil wenn dass damit ob"),
)

FRENCH = Speech(
    function=_words("""
        le la les l un une des du de d et ou mais à au aux en dans sur sous par pour avec sans entre chez vers
        que qu qui quoi dont où ne n pas plus moins très aussi y il elle ils elles lui leur leurs on je j tu
        nous vous me m te t se s ce c cet cette ces cela ça son sa ses mon ma mes votre vos notre nos quel
        quelle quels quelles combien quand comment pourquoi est sont était étaient a ont avait ai as sera peut
        peuvent doit faut si comme donc alors"""),
    verbs=_words("est sont était étaient a ont avait sera peut peuvent doit faut"),
    asking=_words("que qu qui quoi où quel quelle quels quelles combien quand comment pourquoi"),
    general=_words("""
        exemple exemples raison raisons avantage avantages inconvénient différence problème auteur auteurs
        valeur valeurs signifie veut dire passe fonctionne marche explique expliquez dis dites mieux pire année
        coûte détail détails"""),
    lead=_pattern(r"^(?:et|mais|ou|alors|donc)\b[\s,:-]*"),
    resumes=_pattern(r"^qu['’]en est-il\b", r"^quoi d['’]autre\b"),
    pointing=_pattern(r"\b(?:cela|ça|celui|celle|ceux|celles|là)\b", r"\bce(?:tte|t|s)?\b(?!-| que| qui|['’])"),
    personal=_words("il elle ils elles lui eux"),
    possessive=_words("son sa ses leur leurs"),
    empty=_pattern(
        r"\bil\b(?= y a\b| faut\b| est (?:possible|vrai|nécessaire)\b)", r"(?:(?<=a-t-)|(?<=est-)|(?<=ut-))il\b"
    ),
    border=_words("et ou mais que qui si quand parce"),
)

SPANISH = Speech(
    function=_words("""
        el la los las un una unos unas de del y e o u pero a al en con sin por para entre sobre desde hasta que
        quien quién quiénes qué cuál cuáles cuándo cuánto cuánta cuántos cuántas cómo dónde porqué no más menos
        muy también yo tú él ella ellos ellas nosotros usted me te se le les lo su sus mi mis eso esto esa ese
        esas esos este esta estos estas allí ahí es son era fue fueron ha han hay puede pueden debe tiene tienen
        está están si como"""),
    verbs=_words("es son era fue fueron ha han hay puede pueden debe tiene tienen está están"),
    asking=_words("qué quién quiénes cuál cuáles cuándo cuánto cuánta cuántos cuántas cómo dónde"),
    general=_words("""
        ejemplo ejemplos razón razones ventaja ventajas desventaja diferencia problema autor autores valor
        valores significa pasa funciona explica explique dime diga mejor peor año cuesta detalle detalles"""),
    lead=_pattern(r"^(?:y|pero|o|entonces)\b[\s,:-]*"),
    resumes=_pattern(r"^qué (?:hay de|pasa con|tal)\b"),
    pointing=_pattern(r"\b(?:eso|esto|es[ae]s?|esos|est[ae]s?(?= )|estos|allí|ahí)\b"),
    personal=_words("él ella ellos ellas"),
    possessive=_words("su sus"),
    empty=_pattern(r"(?!)"),
    border=_words("y o pero que si cuando porque"),
)

CHINESE_LEAD = re.compile(r"^(?:那么?|那麼|然后|然後|还有|還有|而且|但是?|以及|另外)")
CHINESE_POINTING = re.compile(
    r"[它她]|(?<!其)他[们們]?(?!人)|[这這那][个個些种種样樣]?|(?<![尤极極与與])其(?![他它实實中余餘次])|上述|前者|后者|後者"
)
CHINESE_ASKS = re.compile(r"[什甚][么麼]|怎|如何|何|多少|[几幾]|[谁誰]|哪|是否|[吗嗎]")
CHINESE_ASKING = re.compile(
    r"[为為]什[么麼]|什[么麼][时時]候|[什甚][么麼]|怎[么麼][样樣]?|如何|多少|[几幾]|[谁誰]|哪[里裡些个個年]?|是否|[吗嗎]|呢|呀|啊|是"
    r"|的|了|有|在|能|[会會]|可以|[请請]|[说說]明|解[释釋]|[详詳][细細]|[举舉]例|例子|原因|更|多|些|年|意思|[？?。，,\s]"
)
CHINESE_WORD = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+(?:[-.'’/_+][^\W_{CJK}]+)*")

SUBJECTS = _words("i you we they he she it one ich du wir sie er je tu nous vous il elle")
"""What does something: the word after it is a verb."""
PREPOSITIONS = _words("in on at by for from with without of to since until about under over during per")

_OTHERS = (GERMAN, FRENCH, SPANISH)


def is_chinese(text: str) -> bool:
    return bool(_HAN.search(text))


def speech_of(text: str) -> Speech:
    """The language that knows the most words of `text` as function words; English where none knows more."""
    words = _WORD.findall(text.casefold())
    known = {id(speech): sum(word in speech.function for word in words) for speech in (ENGLISH, *_OTHERS)}
    return max((ENGLISH, *_OTHERS), key=lambda speech: known[id(speech)])
