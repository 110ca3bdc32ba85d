"""Compiled loops of the room, by what they walk over: stacks of polygons, outlines in a plane, triangles."""

from trocar.geometry.kernels.stacks import PackedStack
from trocar.kernel_caches import discard_stale

__all__ = ["PackedStack"]  # compiled code that was cached before the room was parted looks for it here

discard_stale(__file__)
