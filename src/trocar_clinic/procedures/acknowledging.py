"""The acknowledgement of a monitor's message: HL7 v2, original and enhanced mode."""

from datetime import datetime
from uuid import uuid4

from trocar_clinic.procedures.connections import MonitorMessage

TAKEN, REFUSED, UNREADABLE = (
    MonitorMessage.Verdict.TAKEN,
    MonitorMessage.Verdict.REFUSED,
    MonitorMessage.Verdict.UNREADABLE,
)
CODES = {TAKEN: "A", REFUSED: "E", UNREADABLE: "R"}
"""Second letter of MSA-1: accept, error, reject; the first is A, or C where the sender asked for a commit answer."""

TABLE_0357 = {
    "procedures.other-message": "200^Unsupported message type",
    "procedures.no-message": "100^Segment sequence error",
    "procedures.no-time": "101^Required field missing",
    "procedures.bad-time": "102^Data type error",
    "procedures.no-channel": "101^Required field missing",
    "procedures.unknown-monitor": "204^Unknown key identifier",
    "procedures.two-monitors": "204^Unknown key identifier",
    "procedures.not-connected": "204^Unknown key identifier",
    "procedures.wrong-patient": "204^Unknown key identifier",
}
"""Error codes of HL7 table 0357 for our reasons; every other is an application error."""

OTHER_ERROR = "207^Application internal error"
ESCAPES = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\r": " ", "\n": " "})


def answer_to(text: str, row: MonitorMessage | None, *, at: datetime) -> str | None:
    """Return the acknowledgement of a message, or nothing where the sender wants none.

    Parameters
    ----------
    text
        The message as it came.
    row
        What was done with it; none where it could not be kept.
    at
        When.

    Notes
    -----
    HL7 v2.6 §2.9.2: a message whose MSH-15 or MSH-16 is valued is answered in enhanced mode, as MSH-15 asks: AL always,
    NE never, ER on error only, SU on success only. IHE PCD-01 senders set AL and NE.
    """
    header = [*text.lstrip().split("\r", 1)[0].split("\n", 1)[0].split("|"), *[""] * 18]
    good = row is not None and row.verdict == TAKEN
    enhanced = bool(header[14].strip() or header[15].strip())
    if enhanced and header[14].strip() in ({"NE", "ER", ""} if good else {"NE", "SU", ""}):
        return None
    letter = CODES[MonitorMessage.Verdict(row.verdict)] if row is not None else "E"
    event = header[8].partition("^")[2].split("^", maxsplit=1)[0]
    segments = [
        f"MSH|^~\\&|{header[4]}|{header[5]}|{header[2]}|{header[3]}|{at:%Y%m%d%H%M%S%z}||ACK^{event}^ACK|{uuid4().hex[:20]}|"
        f"{header[10] or 'P'}|{header[11] or '2.6'}||||||UNICODE UTF-8",
        f"MSA|{'C' if enhanced else 'A'}{letter}|{header[9]}",
    ]
    if not good:
        code = TABLE_0357.get(row.code if row is not None else "", OTHER_ERROR)
        told = row.why_en.translate(ESCAPES) if row is not None else "The message could not be kept: send it again"
        segments.append(f"ERR|||{code}^HL70357|E||||{told}")
    return "\r".join(segments) + "\r"
