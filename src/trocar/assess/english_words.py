"""The words in which English reports claim, count, require and praise."""

import re
from collections.abc import Mapping
from typing import Final

TOPICS: Final[Mapping[str, re.Pattern[str]]] = {
    "verification": re.compile(r"verif|dosimetr", re.IGNORECASE),
    "planning": re.compile(r"\bplan(?:s|ned|ning)?\b", re.IGNORECASE),
    "consent": re.compile(r"consent", re.IGNORECASE),
    "follow-up": re.compile(r"follow(?:ed)?[- ]?up", re.IGNORECASE),
    "monitoring": re.compile(r"monitor", re.IGNORECASE),
    "training": re.compile(r"train|certificat", re.IGNORECASE),
    "connection": re.compile(r"PACS|archiv", re.IGNORECASE),
    "guidance": re.compile(r"guid(?:ed|ance)", re.IGNORECASE),
}
ALL = re.compile(r"\b(?:all|every|each|without exception|always)\b|100\s*%", re.IGNORECASE)
NOT_ALL = re.compile(
    r"\bnot (?:all|every|each)\b|\bexcept\b|\bmost\b|\balmost\b|\bnearly\b|\bat all\b|\boverall\b", re.IGNORECASE
)
PROMISE = re.compile(
    r"\bwill\b|\bplan(?:s|ned)? to\b|\baims? to\b|\btarget\b|\bintend|\bgoal\b|\bat least\b", re.IGNORECASE
)
SHOWN = re.compile(
    r"annex|appendix|register|log\b|list(?:ed)?\b|export|\d+\s*(?:/|of)\s*\d+|\d+ (?:cases|patients|procedures)",
    re.IGNORECASE,
)
MODAL = re.compile(
    r"\b(?:shall|must|should|ought to|is to be|are to be|is required to|are required to)\b", re.IGNORECASE
)
TOLD_TO = re.compile(r"patients? (?:should|must)|norm (?:says|asks|requires)|guideline|recommend", re.IGNORECASE)
LICENCE = re.compile(r"(?:the\s+)?(?P<name>[A-Z][A-Za-z]+(?:\s+(?:and|of|for)?\s*[A-Z][A-Za-z]+){0,5}\s+Licen[cs]e)\b")
NUMBERED = re.compile(r"\bNo\.?\s*\S*\d|\bnumber\s+\S*\d|[A-Z]{2,}[-/]?\d{2,}|\[\d{3,}\]|\(\d{4}\)", re.IGNORECASE)
UNTIL = re.compile(r"(?:valid|expires?|until|through)[^.;]{0,30}20\d\d", re.IGNORECASE)
DEVICES: Final[Mapping[str, str]] = {
    "ultrasound": r"ultrasound|sonograph",
    "CT": r"\bCT\b|computed tomograph",
    "MRI": r"\bMRI?\b|magnetic resonance",
    "DSA": r"\bDSA\b|angiograph",
    "endoscopy": r"endoscop|bronchoscop|\bEBUS\b",
}
GUIDING = re.compile(r"guidance|guided?\b|guiding", re.IGNORECASE)
CONNECTED = re.compile(r"PACS|image archive|image management", re.IGNORECASE)
PHYSICIANS = re.compile(
    r"\b(?P<n>\d{1,2}|no|one|two|three|four|five|six|seven|eight|nine|ten|a single|only one|only two)\s+"
    r"(?:\w+[ -]){0,3}?(?P<who>physicians?|doctors?|surgeons?|operators?|radiologists?|oncologists?)\b",
    re.IGNORECASE,
)
ABLE = re.compile(r"qualified|authori[sz]|certif|licen[cs]ed|able to|perform|capable|holds?\b|trained", re.IGNORECASE)
PLURAL_STAFF = re.compile(
    r"\b(?:all|each|every|both)\s+(?:of\s+)?(?:the\s+|our\s+)?(?:physicians?|doctors?|operators?|of them|surgeons?)\b",
    re.IGNORECASE,
)
ROLE = re.compile(
    r"\b(?P<role>(?:medical |radiation )?physicists|nurses|dosimetrists|planners|technicians|therapists)\b",
    re.IGNORECASE,
)
HAS = re.compile(r"\b(?:are|is) available|\bwe have\b|\bhave\b|\bhas\b|\bincludes?\b|\bemploy", re.IGNORECASE)
OUTCOME = re.compile(
    r"(?:tumou?rs?|lesions?|growth|disease)[^.;]{0,30}?\b(?:slowed|shrank|shrunk|regressed|improved|"
    r"disappeared|controlled|stable|reduced)|"
    r"(?:good|excellent|satisfactory|remarkable|significant|favou?rable) (?:clinical )?"
    r"(?:results?|outcomes?|effects?|efficacy|responses?)|"
    r"(?:results?|outcomes?|effects?|efficacy|responses?) (?:are|were|is|was) "
    r"(?:good|excellent|satisfactory|remarkable|favou?rable)|"
    r"(?:symptoms?|pain|quality of life)[^.;]{0,20}?(?:improved|relieved|better)",
    re.IGNORECASE,
)
MEASURED = re.compile(
    r"RECIST|\bCR\b|\bPR\b|\bSD\b|\d\s*(?:mm|cm)\b|\d\s*%|\d+\s*(?:/|of)\s*\d+|\bscore\b", re.IGNORECASE
)
NO_EVENT = re.compile(
    r"\b(?:no|without any|zero)\s+(?:\w+\s+){0,2}?(?P<what>complications?|deaths?|infections?|bleeding|"
    r"pneumothorax|lost seeds?)",
    re.IGNORECASE,
)
GRADED = re.compile(r"severe|major|serious|grade|30[- ]day|treatment-related|procedure-related", re.IGNORECASE)
EVENTS: Final[Mapping[str, str]] = {
    "complication": r"complications?|pneumothorax|bleeding|infections?|haemorrhage|hemorrhage",
    "death": r"deaths?|died",
    "infection": r"infections?",
    "bleeding": r"bleeding|haemorrhage|hemorrhage",
    "pneumothorax": r"pneumothorax",
    "lost seed": r"lost seeds?|seeds? (?:was|were) lost",
}
SIGNED = re.compile(r"sign(?:ed|ature)|\bseal\b|prepared by|approved by", re.IGNORECASE)
DATED = re.compile(
    r"(?:signed|signature|date|prepared|approved|seal)[^\n]{0,80}"
    r"(?:\d{1,2}\s+[A-Z][a-z]+\s+20\d\d|20\d\d-\d\d-\d\d|[A-Z][a-z]+ \d{1,2}, 20\d\d)",
    re.IGNORECASE,
)
RECOVERY = re.compile(r"\bPACU\b|recovery room|\bICU\b|intensive care", re.IGNORECASE)
REQUIRED: Final[Mapping[str, str]] = {
    "indication": r"indication",
    "planning": r"plan(?:ning)? rate|pre-?(?:implant|operative) plan|plan[^.;]{0,30}\d",
    "verification": r"verif[^.;\n]{0,60}\d",
    "completion": r"completion|complete ablation",
    "control": r"complete ablation|local control|control rate",
    "complications": r"complications?[^.;\n]{0,60}\d|pneumothorax[^.;\n]{0,30}\d|"
    r"\d[^.;\n]{0,30}(?:complications?|pneumothorax)",
    "response": r"respon[sd]|efficacy|effective rate|\bCR\b",
    "deaths": r"deaths?|mortality",
    "follow-up": r"follow[- ]?up[^.;\n]{0,60}\d",
    "survival": r"survival",
}
"""Quantities of the indicator sets, by the names that `trocar.assess.check_completeness` gives them."""

_WORDS = {
    "no": 0,
    "one": 1,
    "a single": 1,
    "only one": 1,
    "two": 2,
    "only two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}


OF_THESE = re.compile(r"(?:Of (?:these|them|which)|Among (?:these|them)|These (?:were|are|comprise))\b", re.IGNORECASE)
SHARE = re.compile(r"(?<![\d.,/-])(?P<n>\d{1,5})(?![\d.,]*\s*(?:%|years|months|mm|cm|/|of\b)|\d)")
USED = re.compile(
    r"under [^.;,]{0,40}?guidance|guided by [^.;,]{0,40}|\w+[- ]guided|(?:with|by) [^.;,]{0,24}? guidance",
    re.IGNORECASE,
)
ENDS = re.compile(
    r"(?:valid (?:until|through|to)|expire[sd]?(?: on)?|until)\s+(?:\d{1,2}\s+)?(?:(?P<month>[A-Z][a-z]+)\s+)?"
    r"(?:\d{1,2},\s+)?(?P<year>20\d\d)"
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def with_digits(text: str) -> str:
    """Return a text with its small numbers in digits.

    Examples
    --------
    >>> with_digits("two patients bled")
    '2 patients bled'
    """
    spoken = "|".join(word for word in _WORDS if " " not in word and word != "no")
    return re.sub(rf"\b(?:{spoken})\b", lambda match: str(_WORDS[match.group().lower()]), text, flags=re.IGNORECASE)


def number_in_words(text: str) -> int | None:
    """Return a small number written in digits or words; None where it is none.

    Examples
    --------
    >>> number_in_words("Three"), number_in_words("12"), number_in_words("several")
    (3, 12, None)
    """
    return int(text) if text.isdigit() else _WORDS.get(text.lower())
