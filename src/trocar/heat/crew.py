"""`Crew`: a loop over slices shared among threads, without the compiler's own thread pools.

Those either spin on busy cores or stop the process when two requests meet; a plain pool of Python threads does
neither, since the compiled loops give up the interpreter's lock.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

WORTH_SHARING = 60_000
"""Voxels below which handing half the work to a second thread costs more than it saves."""

Box = tuple[int, int, int, int, int, int]


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=workers, thread_name_prefix="trocar-heat")


class Crew:
    """Threads that share the slices of a box.

    Parameters
    ----------
    threads
        How many work together; None for as many as the process may use, at most 8.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or min(len(os.sched_getaffinity(0)), 8)

    def run(self, loop: Callable[..., object], box: Box, *arguments: object) -> list[object]:
        """Call ``loop(k0, k1, j0, j1, i0, i1, *arguments)`` on parts of the box; return what each part returned."""
        k0, k1, *rest = box
        voxels = (k1 - k0) * (rest[1] - rest[0]) * (rest[3] - rest[2])
        parts = self.threads if voxels > WORTH_SHARING else 1
        edges = [k0 + (k1 - k0) * n // parts for n in range(parts + 1)]
        waiting = [_pool(self.threads).submit(loop, edges[n], edges[n + 1], *rest, *arguments) for n in range(1, parts)]
        mine = loop(edges[0], edges[1], *rest, *arguments)
        return [mine, *(each.result() for each in waiting)]

    def march(self, loop: Callable[..., object], box: Box, stages: int, *arguments: object) -> None:
        """Call ``loop(low, low_slope, high, high_slope, *arguments)``, whose stages reach one plane farther each.

        Each thread does a part of the planes, one fewer at each stage on the sides where other parts border, and then
        the gaps between the parts, one more at each stage.
        """
        k0, k1, *rest = box
        voxels = (k1 - k0) * (rest[1] - rest[0]) * (rest[3] - rest[2])
        most = max(1, (k1 - k0) // (2 * stages + 2))
        parts = min(self.threads, most) if voxels > WORTH_SHARING else 1
        edges = [k0 + (k1 - k0) * n // parts for n in range(parts + 1)]
        whole = [(low, int(low > k0), high, -int(high < k1)) for low, high in pairwise(edges)]
        gaps = [(edge, -1, edge, 1) for edge in edges[1:-1]]
        for several in (whole, gaps):
            waiting = [_pool(self.threads).submit(loop, *each, *arguments) for each in several[1:]]
            for each in several[:1]:
                loop(*each, *arguments)
            for other in waiting:
                other.result()
