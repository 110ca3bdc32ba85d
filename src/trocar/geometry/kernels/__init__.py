"""Compiled loops of the room, by what they walk over: stacks of polygons, outlines in a plane, triangles."""
