"""Evidently's report of a drift run: a second opinion to look at, never the verdict (docs/decisions/0016-evidently.md).

`frames` turns a reference profile and a window's samples into bounded tables, `render` has Evidently judge and draw
them. Only the analysis process imports these: Evidently and pandas take 3 s and 320 MB.
"""
