"""An anthropomorphic CT phantom: a made-up person whose anatomy is known exactly, scanned by a made-up scanner."""

from trocar.phantom.case import PhantomCase, Site, build_phantom

__all__ = ["PhantomCase", "Site", "build_phantom"]
