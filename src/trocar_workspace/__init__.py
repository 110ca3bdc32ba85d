"""The planning workspace: a plan of needles and seeds in the browser, changed by hand with its dose at once.

The browser shows and proposes; every dose, every goal and every refusal is computed by the library.
"""
