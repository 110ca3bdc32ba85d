"""Where seeds can be, and the moves between these places: one table, from which pages and guards are made."""

from django.db import models

from trocar_clinic.language import both


class Place(models.TextChoices):
    """Where a seed is, as the ledger knows it."""

    SUPPLIER = "supplier", both("with the supplier", "供应商")
    QUARANTINE = "quarantine", both("received, not released", "待检")
    STORE = "store", both("in the store", "库存")
    THEATRE = "theatre", both("issued to a case", "已领出（术中）")
    PATIENT = "patient", both("implanted", "已植入")
    RETURNED = "returned", both("returned to the supplier", "已退回供应商")
    LOST = "lost", both("lost", "丢失")
    WASTE = "waste", both("decaying as waste", "废源暂存")
    CLEARED = "cleared", both("cleared", "已解控")


HELD = (Place.QUARANTINE, Place.STORE, Place.THEATRE, Place.WASTE)
"""Places that the department answers for now."""


class Move(models.TextChoices):
    """What was done with seeds."""

    RECEIVE = "receive", both("received", "接收")
    RELEASE = "release", both("released to the store", "检验合格入库")
    REJECT = "reject", both("rejected and returned", "检验不合格退回")
    ISSUE = "issue", both("issued to a case", "领出至病例")
    IMPLANT = "implant", both("implanted", "植入")
    BRING_BACK = "bring_back", both("brought back unused", "未用退库")
    SPOIL = "spoil", both("to waste from theatre", "术中废弃")
    DISCARD = "discard", both("to waste from the store", "库存转废源")
    RETURN = "return", both("returned to the supplier", "退回供应商")
    LOSE_STORE = "lose_store", both("missing from the store", "库存丢失")
    LOSE_THEATRE = "lose_theatre", both("missing in theatre", "术中丢失")
    FIND = "find", both("found again", "找回（转废源）")
    EXPEL = "expel", both("come out of a patient", "患者排出（转废源）")
    CLEAR = "clear", both("cleared after decay", "衰变后解控")


WAYS: dict[Move, tuple[Place, Place]] = {
    Move.RECEIVE: (Place.SUPPLIER, Place.QUARANTINE),
    Move.RELEASE: (Place.QUARANTINE, Place.STORE),
    Move.REJECT: (Place.QUARANTINE, Place.RETURNED),
    Move.ISSUE: (Place.STORE, Place.THEATRE),
    Move.IMPLANT: (Place.THEATRE, Place.PATIENT),
    Move.BRING_BACK: (Place.THEATRE, Place.STORE),
    Move.SPOIL: (Place.THEATRE, Place.WASTE),
    Move.DISCARD: (Place.STORE, Place.WASTE),
    Move.RETURN: (Place.STORE, Place.RETURNED),
    Move.LOSE_STORE: (Place.STORE, Place.LOST),
    Move.LOSE_THEATRE: (Place.THEATRE, Place.LOST),
    Move.FIND: (Place.LOST, Place.WASTE),
    Move.EXPEL: (Place.PATIENT, Place.WASTE),
    Move.CLEAR: (Place.WASTE, Place.CLEARED),
}

OF_A_CASE = {move for move, way in WAYS.items() if Place.THEATRE in way or move is Move.EXPEL}
"""Moves that belong to a case."""

TWO_PERSONS = {move for move, way in WAYS.items() if Place.STORE in way} | {Move.CLEAR}
"""Moves in or out of the store: two persons do them."""
