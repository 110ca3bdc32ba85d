"""Who may do what with seeds and devices."""

from trocar_clinic.accounts.models import CLINICAL, Role
from trocar_clinic.custody.places import Move

STORE_KEEPERS = frozenset({Role.SAFETY, Role.PHYSICIST, Role.NURSE})
THEATRE = frozenset({Role.PHYSICIST, Role.NURSE, Role.PHYSICIAN})
ORDERERS = frozenset({Role.PHYSICIST, Role.SAFETY})
RELEASERS = frozenset({Role.PHYSICIST})
WASTE = frozenset({Role.SAFETY})
USES_DEVICES = CLINICAL
READERS = frozenset(Role)

MOVERS: dict[Move, frozenset[Role]] = {
    Move.RECEIVE: STORE_KEEPERS,
    Move.RELEASE: RELEASERS,
    Move.REJECT: RELEASERS | WASTE,
    Move.ISSUE: STORE_KEEPERS,
    Move.IMPLANT: THEATRE,
    Move.BRING_BACK: STORE_KEEPERS,
    Move.SPOIL: THEATRE,
    Move.DISCARD: STORE_KEEPERS,
    Move.RETURN: STORE_KEEPERS,
    Move.LOSE_STORE: STORE_KEEPERS,
    Move.LOSE_THEATRE: THEATRE | STORE_KEEPERS,
    Move.FIND: STORE_KEEPERS,
    Move.EXPEL: THEATRE,
    Move.CLEAR: WASTE,
}
