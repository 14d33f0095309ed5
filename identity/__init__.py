"""Who is who. Names, e-mails and phones stop here: rows leave with a pseudonym, identities stay encrypted in the vault.

Here: the keys, encryption at rest, pseudonyms, the vault and its access log, and the door through which `sources` passes
the personal fields of a delivery. Not here: reading files, any rule about events, any table of the warehouse. This room imports
no other room, and takes the vault's directory as an argument.
"""
