"""Words that exclude one another, by language: each side of a line against the others."""

from __future__ import annotations

from functools import lru_cache

from kb.text.stems import rule_of, stemming

_ENGLISH = """
increase rise grow gain raise expand grew rose risen grown : decrease fall drop decline shrink reduce cut fell fallen
expand enlarge lengthen : shrink shrank shrunk contract diminish lessen shorten
improve enhance better strengthen : worsen degrade deteriorate impair weaken worse
more : less fewer
most : least fewest
many : few
one single sole : several many multiple various numerous
higher high highest : lower low lowest
larger large largest big bigger biggest great greater greatest : smaller small smallest little
longer long longest : shorter short shortest
above over exceed exceeding : below under
before earlier prior beforehand ahead precede : after later afterwards following follow
first earliest : last latest final
begin start open commence began begun opening beginning : end finish close stop cease conclude ending
maximum max : minimum min
allow permit let enable authorise authorize accept : forbid prohibit ban prevent disallow refuse reject deny block
allowed permitted lawful legal : forbidden prohibited banned illegal unlawful
include included including contain : exclude excluded excluding omit
accept accepted approve approved grant : reject rejected refuse refused decline deny denied
win won victory : lose lost defeat
true right correct : false wrong incorrect
good well : bad poor poorly
best : worst
easy simple : hard difficult
strong stronger strongest : weak weaker weakest
fast faster fastest quick quickly rapid rapidly : slow slower slowest slowly
hot warm warmer hotter : cold cool cooler colder
early : late
old older oldest : new newer newest young younger youngest
full : empty
open : closed shut
inside within internal : outside external
always : never
everyone everybody everything all : nobody none nothing
present : absent missing
add added attach append insert : remove removed delete deleted subtract drop
buy bought purchase : sell sold
borrow : lend
import : export
push : pull
enter arrive arrived join : leave left depart departed
send sent transmit : receive received
give gave given : take took taken
create build make : destroy demolish delete
success succeed successful : failure fail failed unsuccessful
enable enabled active activate on : disable disabled inactive deactivate off
public : private
mandatory required compulsory obligatory : optional voluntary
temporary : permanent
safe harmless : dangerous unsafe harmful hazardous
rich wealthy : poor
wide broad : narrow
deep : shallow
heavy : light
thick : thin
north northern : south southern
east eastern : west western
left : right
upper top : bottom lower
male man men : female woman women
alive living : dead
life born birth : death died
ancient : modern
morning : evening
day : night
love : hate
friend ally : enemy
peace : war
lock locked : unlock unlocked
connect connected : disconnect disconnected
encrypt encrypted : decrypt decrypted unencrypted
compress : decompress
positive : negative
profit : loss
surplus : deficit
asset : liability
income revenue : expense cost
support supported confirm : contradict refute oppose
agree : disagree
same equal identical : different unequal
together jointly : separately separate apart
often frequently common commonly usual usually : rarely seldom rare uncommon unusual
with : without
for : against
direct : indirect
automatic automatically : manual manually
both : neither
free : paid
sender : recipient
employer : employee
lender : borrower
landlord : tenant
buyer : seller
plaintiff : defendant
parent : child
teacher : student
winner : loser
attacker : defender
reader : writer
client : server
precision : recall
numerator : denominator
horizontal : vertical
odd : even
keep kept retain preserve retained : discard delete lose lost
fixed constant : variable changing
unanimously : narrowly
partly partially : fully completely entirely wholly
hourly : daily : weekly : monthly month : quarterly quarter : yearly annual annually year
monday : tuesday : wednesday : thursday : friday : saturday : sunday
spring : summer : autumn fall : winter
red : blue : green : yellow : black : white : brown : grey gray
gold golden : silver : bronze : copper : iron
"""
_GERMAN = """
steigen stieg wachsen wuchs erhöhen erhöht Anstieg : sinken sank gesunken fallen fiel verringern gesenkt Rückgang
zunehmen zunahm : abnehmen abnahm
mehr : weniger
höher hoch höchste : niedriger niedrig niedrigste tief
größer groß größte : kleiner klein kleinste
länger lang : kürzer kurz
vor vorher früher : nach nachher später
erste ersten erster : letzte letzten letzter
Anfang beginnen begann begonnen : Ende enden endete geendet
mindestens : höchstens
Minimum : Maximum
erlauben erlaubt dürfen gestattet zulässig : verbieten verboten untersagt unzulässig
immer : nie niemals
gut : schlecht
richtig wahr : falsch
mit : ohne
oben obere Oberkiefer : unten untere Unterkiefer
Mieter : Vermieter
Käufer : Verkäufer
Arbeitgeber : Arbeitnehmer
kaufen kaufte : verkaufen verkaufte
öffnen offen geöffnet : schließen geschlossen
stark : schwach
schnell : langsam
leicht einfach : schwer schwierig
innen innerhalb : außen außerhalb
einschließlich : ausschließlich
täglich : wöchentlich : monatlich Monat : jährlich Jahr
Montag : Dienstag : Mittwoch : Donnerstag : Freitag : Samstag Sonnabend : Sonntag
rot : blau : grün : gelb : schwarz : weiß
"""
_FRENCH = """
augmenter augmente augmenté hausse croître : diminuer diminue diminué baisse baisser réduire
plus : moins
supérieur haut élevé : inférieur bas faible
grand : petit
long : court
avant : après
premier première : dernier dernière
début commencer commence : fin finir finit terminer
maximum : minimum
autoriser autorisé permis permettre : interdire interdit défendu
toujours : jamais
bon bonne : mauvais mauvaise
vrai : faux
avec : sans
ouvert ouverte ouvrir : fermé fermée fermer
fort : faible
rapide : lent
facile : difficile
acheter : vendre
quotidien jour : hebdomadaire semaine : mensuel mois : annuel annuelle an année
lundi : mardi : mercredi : jeudi : vendredi : samedi : dimanche
rouge : bleu : vert : jaune : noir : blanc
"""
_SPANISH = """
aumentar aumenta aumentó subir sube subió crecer : disminuir disminuye disminuyó bajar baja bajó reducir
más : menos
mayor alto : menor bajo
grande : pequeño
largo : corto
antes : después
primero primera primer : último última
inicio comenzar comienza empezar : fin terminar termina acabar
máximo : mínimo
permitir permite permitido : prohibir prohíbe prohibido
siempre : nunca jamás
bueno buena : malo mala
verdadero : falso
con : sin
abierto abierta abrir : cerrado cerrada cerrar
fuerte : débil
rápido : lento
fácil : difícil
comprar : vender
diario : semanal semana : mensual mes : anual año
lunes : martes : miércoles : jueves : viernes : sábado : domingo
rojo : azul : verde : amarillo : negro : blanco
"""
_LISTS = {"en": _ENGLISH, "de": _GERMAN, "fr": _FRENCH, "es": _SPANISH}
_PREFIXES = ("un", "in", "im", "ir", "il", "dis", "non", "mis")


@lru_cache(maxsize=16)
def opposites(language: str | None) -> dict[str, frozenset[str]]:
    """For the stem of each word here the stems of its contraries, in a language; English ones where it has none."""
    stem = stemming(rule_of(language))
    found: dict[str, set[str]] = {}
    for line in _LISTS.get(language or "en", _ENGLISH).strip().splitlines():
        sides = [{stem(word) for word in side.split()} for side in line.split(":")]
        for side in sides:
            others = set().union(*(other for other in sides if other is not side))
            for term in side:
                found.setdefault(term, set()).update(others - side)
    return {term: frozenset(contraries - {term}) for term, contraries in found.items()}


def contrary_by_prefix(one: str, other: str) -> bool:
    """Whether one stem is the other with a prefix that denies: published, unpublished."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    if len(shorter) < 4 or not longer.endswith(shorter):
        return False
    return any(longer == prefix + shorter for prefix in _PREFIXES)
