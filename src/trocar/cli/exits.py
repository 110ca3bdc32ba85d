"""Exit codes: what a script may rely on."""

from enum import IntEnum

from trocar.errors import ChoiceNeeded, TrocarError, UsageError
from trocar.results.findings import Finding, Severity


class Exit(IntEnum):
    """What a command came to.

    ====  ==================================================================================
    code  meaning
    ====  ==================================================================================
    0     done; a check found nothing that needs action
    1     done; a check found something that needs action
    2     the command was called in a way that has no meaning
    3     an input cannot be read, cannot be trusted or contradicts another
    4     there are several series, patients or plans: say which
    5     a fault of Trocar itself; please report it
    130   interrupted
    ====  ==================================================================================
    """

    DONE = 0
    ACTION = 1
    USAGE = 2
    BAD_INPUT = 3
    CHOICE_NEEDED = 4
    FAULT = 5
    INTERRUPTED = 130


def exit_of_error(error: TrocarError) -> Exit:
    """Return the exit code of an error."""
    if isinstance(error, UsageError):
        return Exit.USAGE
    return Exit.CHOICE_NEEDED if isinstance(error, ChoiceNeeded) else Exit.BAD_INPUT


def exit_of_findings(findings: tuple[Finding, ...]) -> Exit:
    """Return the exit code of findings."""
    return Exit.ACTION if any(finding.severity is Severity.ACTION for finding in findings) else Exit.DONE
