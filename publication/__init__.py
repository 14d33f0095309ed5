"""The last room: from a judged candidate to a release that people read.

Belongs here: the decision to release (`publish`), the files of a release and the shelf they stand on.
Does not belong here: any computation of an indicator (dbt), any judgement of one (expectations), any path
(orchestration). Everything printed comes from the candidate that was judged.
"""
