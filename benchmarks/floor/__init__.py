"""The floor: the same star and the same indicators by SQL written by hand for these very files, and nothing else.

No contract, no check, no quarantine, no vault, no history, no release: what is left is the work that cannot be spared. It recognises a
person by the normalised address, else by name and event.
"""
