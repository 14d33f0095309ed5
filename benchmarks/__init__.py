"""Generated deliveries with a known truth, the floor they are measured against, and the measures.

Here: what times, scores and generates. Not here: anything a night needs; no room imports this package and the wheel leaves it out.
"""
