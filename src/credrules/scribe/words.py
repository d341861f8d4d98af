"""The reserved words of Scribe, and what may follow each."""

from __future__ import annotations

from dataclasses import dataclass

_SPELLINGS = {
    "classes": ("class", "classes", "course", "courses"),
    "credits": ("credit", "credits"),
    "groups": ("group", "groups"),
    "block": ("block", "blocks"),
    "blocktype": ("blocktype", "blocktypes"),
    "noncourses": ("noncourse", "noncourses"),
    "in": ("in", "from"),
    "or": ("or",),
    "and": ("and",),
    "of": ("of",),
    "except": ("except",),
    "but": ("but", "butnot"),
    "including": ("including",),
    "with": ("with",),
    "allow": ("allow",),
    "decide": ("decide",),
    "if": ("if",),
    "then": ("then",),
    "else": ("else",),
    "beginif": ("beginif",),
    "endif": ("endif",),
    "beginelse": ("beginelse",),
    "endelse": ("endelse",),
    "beginsub": ("beginsub",),
    "endsub": ("endsub",),
    "rulecomplete": ("rulecomplete",),
    "ruleincomplete": ("ruleincomplete",),
    "label": ("label",),
    "remark": ("remark",),
    "display": ("display",),
    "proxyadvice": ("proxyadvice",),
    "hide": ("hide", "hidefromadvice"),
    "copyrulesfrom": ("copyrulesfrom", "copyrulefrom"),
    "copyheaderfrom": ("copyheaderfrom",),
    "includeblockswith": ("includeblockswith", "includeblocks"),
    "begin": ("begin",),
}

NAMES = {
    "classes": "Classes",
    "credits": "Credits",
    "groups": "Group",
    "block": "Block",
    "blocktype": "Blocktype",
    "noncourses": "NonCourse",
    "beginsub": "BeginSub",
    "endsub": "EndSub",
    "if": "If",
    "rulecomplete": "RuleComplete",
    "ruleincomplete": "RuleIncomplete",
    "remark": "Remark",
    "display": "Display",
    "label": "Label",
    "proxyadvice": "ProxyAdvice",
    "copyrulesfrom": "CopyRulesFrom",
    "copyheaderfrom": "CopyHeaderFrom",
    "includeblockswith": "IncludeBlocksWith",
}


@dataclass(frozen=True, slots=True)
class Follows:
    """What may follow a qualifier; in this order, and each at most once."""

    number: bool = False  # must follow
    may_number: bool = False
    of: bool = False
    unit: bool = False  # must follow the number
    text: bool = False  # something in parentheses
    courses: bool = False
    equals: bool = False  # '=' and a name
    spelt: str = ""


QUALIFIERS: dict[str, Follows] = {
    "mingpa": Follows(number=True, courses=True, text=True, spelt="MinGPA"),
    "mingrade": Follows(number=True, spelt="MinGrade"),
    "minres": Follows(number=True, unit=True, spelt="MinRes"),
    "lastres": Follows(number=True, of=True, unit=True, courses=True, spelt="LastRes"),
    "maxtransfer": Follows(number=True, unit=True, text=True, spelt="MaxTransfer"),
    "maxpassfail": Follows(number=True, unit=True, courses=True, spelt="MaxPassFail"),
    "maxcredits": Follows(number=True, courses=True, spelt="MaxCredits"),
    "maxclasses": Follows(number=True, courses=True, spelt="MaxClasses"),
    "mincredits": Follows(number=True, courses=True, spelt="MinCredits"),
    "minclasses": Follows(number=True, courses=True, spelt="MinClasses"),
    "minperdisc": Follows(number=True, unit=True, text=True, spelt="MinPerDisc"),
    "maxperdisc": Follows(number=True, unit=True, text=True, spelt="MaxPerDisc"),
    "minspread": Follows(number=True, spelt="MinSpread"),
    "maxspread": Follows(number=True, spelt="MaxSpread"),
    "minterm": Follows(number=True, unit=True, courses=True, spelt="MinTerm"),
    "maxterm": Follows(number=True, unit=True, courses=True, spelt="MaxTerm"),
    "minarea": Follows(number=True, spelt="MinArea"),
    "spmaxcredits": Follows(number=True, courses=True, spelt="SpMaxCredits"),
    "spmaxterm": Follows(number=True, unit=True, courses=True, spelt="SpMaxTerm"),
    "under": Follows(number=True, unit=True, courses=True, spelt="Under"),
    "samedisc": Follows(text=True, spelt="SameDisc"),
    "share": Follows(may_number=True, text=True, spelt="ShareWith"),
    "nonexclusive": Follows(may_number=True, text=True, spelt="NonExclusive"),
    "dontshare": Follows(may_number=True, text=True, spelt="DontShare"),
    "exclusive": Follows(may_number=True, text=True, spelt="Exclusive"),
    "ruletag": Follows(text=True, equals=True, spelt="RuleTag"),
    "headertag": Follows(text=True, equals=True, spelt="HeaderTag"),
    "tag": Follows(equals=True, spelt="Tag"),
    "pseudo": Follows(spelt="Pseudo"),
    "optional": Follows(spelt="Optional"),
    "standaloneblock": Follows(spelt="StandaloneBlock"),
    "notgpa": Follows(spelt="NotGPA"),
    "nocount": Follows(spelt="NoCount"),
    "hiderule": Follows(spelt="HideRule"),
    "highpriority": Follows(spelt="HighPriority"),
    "lowpriority": Follows(spelt="LowPriority"),
    "lowestpriority": Follows(spelt="LowestPriority"),
    "checkelectivecreditsallowed": Follows(spelt="CheckElectiveCreditsAllowed"),
}

_OTHER_SPELLINGS = {
    "sharewith": "share",
    "dontsharewith": "dontshare",
    "lastresidence": "lastres",
    "maxcredit": "maxcredits",
    "maxclass": "maxclasses",
    "mincredit": "mincredits",
    "minclass": "minclasses",
    "minareas": "minarea",
    "spmaxcredit": "spmaxcredits",
    "standalone": "standaloneblock",
    "highpri": "highpriority",
    "highestpriority": "highpriority",
    "highestpri": "highpriority",
    "lowpri": "lowpriority",
    "lowestpri": "lowestpriority",
    "maxcourses": "maxclasses",
    "maxcourse": "maxclasses",
    "mincourses": "minclasses",
    "mincourse": "minclasses",
}

_WORDS = (
    {spelling: word for word, spellings in _SPELLINGS.items() for spelling in spellings}
    | {word: word for word in QUALIFIERS}
    | _OTHER_SPELLINGS
)

SPELT = {**NAMES, **{word: follows.spelt for word, follows in QUALIFIERS.items()}}


def reserved(text: str) -> str:
    """The reserved word that `text` spells, in small letters and without hyphens; '' where it is none."""
    return _WORDS.get(text.lower().replace("-", ""), "")
