"""The department's record: who did what to whom with which seed or needle, entered once, kept for ever.

A web application on Django, one app a noun of the clinic. It computes no physics: calculations are asked of
`trocar` and kept as rows.
Importing this package loads no Django; `trocar_clinic.config` does when the application is started.
"""
