"""Listening to monitors: HL7 messages over MLLP, each kept and answered."""

import asyncio
import logging
import signal
from asyncio import IncompleteReadError
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hl7.mllp import InvalidBlockError, start_hl7_server

LONGEST_MESSAGE = 2**20
MOST_MONITORS = 100
SILENT_S = 1800.0
"""A connection over which nothing comes for longer is closed; monitors connect anew."""

_log = logging.getLogger("trocar_clinic.listen")


class Listener:
    """Takes messages from some addresses, one after the other.

    Parameters
    ----------
    allowed
        Network addresses that may send; none means any that can reach the port.
    """

    def __init__(self, allowed: frozenset[str]) -> None:
        self.allowed = allowed
        self.open = 0
        self.hand = ThreadPoolExecutor(max_workers=1)

    async def attend(self, reader: Any, writer: Any) -> None:
        """Answer one monitor until it goes."""
        sender = str((writer.get_extra_info("peername") or ("?",))[0])
        if self.open >= MOST_MONITORS or (self.allowed and sender not in self.allowed):
            _log.warning("connection of %s turned away", sender)
            writer.close()
            return
        self.open += 1
        try:
            while True:
                await self._one(reader, writer, sender)
        except (IncompleteReadError, ConnectionError, TimeoutError, ValueError):
            pass  # gone, silent, or a message without end: a monitor connects anew
        finally:
            self.open -= 1
            writer.close()

    async def _one(self, reader: Any, writer: Any, sender: str) -> None:
        try:
            content = await asyncio.wait_for(reader.readblock(), SILENT_S)
        except InvalidBlockError:
            return  # bytes outside a block are no message
        answer = await asyncio.get_running_loop().run_in_executor(self.hand, take, content, sender)
        if answer is not None:
            writer.writeblock(answer.encode())
            await writer.drain()


def take(content: bytes, sender: str) -> str | None:
    """Keep one message and return its answer; what cannot be kept is answered so, and sent again by the monitor."""
    from django.db import close_old_connections
    from django.utils import timezone

    from trocar_clinic.procedures.acknowledging import answer_to
    from trocar_clinic.procedures.monitors import decoded
    from trocar_clinic.procedures.receiving import receive

    text, now = decoded(content), timezone.now()
    close_old_connections()
    try:
        row = receive(text, sender=sender, at=now)
    except Exception as error:
        _log.error("a message of %s could not be kept: %s", sender, type(error).__name__)
        row = None
    return answer_to(text, row, at=timezone.localtime(now))


async def listen(host: str, port: int, allowed: frozenset[str]) -> None:
    """Listen until told to stop."""
    listener = Listener(allowed)
    server = await start_hl7_server(listener.attend, host, port, limit=LONGEST_MESSAGE)
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    async with server:
        await stop.wait()
