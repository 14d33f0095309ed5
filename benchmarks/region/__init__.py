"""A Mois de l'ESS of Hauts-de-France that never took place: its truth, and the deliveries its organisers would have sent.

`world.make` draws organisations, events, persons and what they did; `deliveries.write` writes it as organisers and platforms would,
typos and all, and says for each row written who it speaks of; `truth` computes every indicator from the same world.
Not here: anything of the pipeline. The generator shares no code with it, so that a score means something.
"""
