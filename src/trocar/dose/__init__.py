"""Dose of sealed sources in water: the TG-43 formalism, directly and by table."""


def warm_up() -> None:
    """Compile the loops of this room and leave their machine code on disk, so that the first real dose need not wait.

    Meant for installation or for the first start. Where no folder can be written (a read-only installation without a
    home), the code is compiled in memory, for this process only; set ``NUMBA_CACHE_DIR`` to a folder that can be
    written to keep it.
    """
    from trocar.dose.warming import compile_loops

    compile_loops()
