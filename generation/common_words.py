"""Words that inform of nothing by themselves: those of grammar, and those by which an answer speaks of its sources."""

from __future__ import annotations

from kb.text.stems import without_accents


def _words(listing: str) -> frozenset[str]:
    return frozenset(map(without_accents, listing.split()))


_ENGLISH = _words("""
    a about above across after again against ago all almost along already also although always am among an and another
    any anybody anyone anything are around as at away back be because been before being below besides between beyond
    both but by came can cannot come could did do does doing done down during each either else enough etc even ever
    every everyone everything except few for from get gets give given gives giving go goes going got had has have
    having he hence her here hers herself him himself his how however i if in indeed instead into is it its itself just
    least less let lets like likely made make makes making many may me might mine more moreover most much must my
    myself namely near nearly need needs neither never no nobody none nor not nothing now of off often on once one
    ones only onto or other others otherwise ought our ours out over own per perhaps put quite rather really same
    several shall she should since so some someone something sometimes soon still such take taken takes than that the
    their theirs them themselves then there therefore these they thing things this those though through throughout thus
    to together too toward towards under unless until up upon us use used uses using usually very via was way ways we
    well were what whatever when where whereas whether which while who whom whose why will with within without would
    yes yet you your yours
    according mention mentioned mentions said say saying says stated states namely
    don't doesn't didn't isn't aren't wasn't weren't can't couldn't won't wouldn't shouldn't hasn't haven't hadn't
    mustn't it's that's there's
""")
_GERMAN = _words("""
    aber alle allem allen aller alles als also am an auch auf aus bei beim bevor bis da dabei dadurch dafür daher damit
    dann daran darauf darin das dass davon dazu dem den denn der deren des dessen die dies diese diesem diesen dieser
    dieses doch dort du durch ein eine einem einen einer eines er es etwa etwas für ganz gegen gibt haben hat hatte
    hatten dich dir hier ich ihm ihn ihr ihre ihrem ihren ihrer im in indem ins ist ja je jede jedem jeden jeder jedes
    jedoch kann kein keine keinem keinen keiner können könnte laut man mehr mein meine meinem meinen meiner mich mir
    mit muss müssen nach nicht nichts nie niemals noch nun nur ob oder ohne schon sehr sei sein seine seinem seinen
    seiner seit sich sie sind so sobald sofern solche soll sollen sondern sowie über um und uns unser unsere unter viel
    viele vielen vieler vom von vor war waren was weil welche welchem welchen welcher welches wenn wer werden wie
    wieder wird wobei wo worden wurde wurden zu zum zur zwar zwischen
""")
_FRENCH = _words("""
    ai ainsi alors au aucun aucune aussi autre autres aux avait avant avec avoir car ce ceci cela celle celles celui
    ces cet cette ceux chaque chez comme comment dans de depuis des dont du elle elles en encore entre est et étaient
    était être eu fait faut furent fut il ils jamais je l la le les leur leurs lors lui ma mais me mes moi mon même
    mêmes moins n ne ni non nos notre nous on ont ou où par parce pas pendant peu peut peuvent plus pour pourquoi puis
    qu quand que quel quelle qui rien s sa sans se sera ses seulement si sinon son sont sous sur tandis tous tout toute
    toutes très un une vers vos votre vous y c d j m t
""")
_SPANISH = _words("""
    a al algo alguna algunas alguno algunos antes aquel aquella así aún aunque cada como con contra cual cuando cuanto
    de debe deben del desde donde dos durante e el ella ellas ellos en entonces entre era eran es esa esas ese eso esos
    esta está están estas este esto estos fue fueron ha había habían han hasta hay la las le les lo los más me mediante
    mi mis mientras muy ni ningún ninguna no nos nosotros nunca o os otra otras otro otros para pero poco por porque
    puede pueden pues que qué quien se sea según ser si sí siempre sin sino sobre solo sólo son su sus también tan
    tanto te tiene tienen tenía tenían tener tuvo había era eran hubo hacía toda todas todo todos tras tu u un una unas
    uno unos y ya
""")
DISTINGUISHING = _words("""
    after again against all almost already always before behind below between during either enough ever every except few
    first further least less more most never no nobody none nor not nothing now often once only other others over same
    several since sometimes still twice under until without
    alle allein außer bevor danach davor erst gegen immer kein keine keiner letzte mehr nach nicht nichts nie niemals
    noch nur ohne seit unter über vor während weniger zwischen
    aucun aucune avant après contre depuis encore jamais moins pendant plus rien sans seulement sous toujours tous
    antes contra desde después durante hasta más menos nada ningún ninguna no nunca siempre sin sólo solo todos
""")
"""Of all languages: those that nevertheless say which of two things is meant."""
_OF = {"de": _GERMAN, "fr": _FRENCH, "es": _SPANISH}
CHINESE = frozenset(
    "的了是在和與与也都就而及於于等所之其這这那有為为以將将會会可被把由從从到對对並并或但如若則则又還还更很來来去上下中個个"
)
"""Characters of grammar: what consists of them alone informs of nothing."""


def common_words(language: str | None) -> frozenset[str]:
    """Without accents and in lower case; English words where the language has none here."""
    return _OF.get(language or "en", _ENGLISH)
