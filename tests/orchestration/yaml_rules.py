"""Small retention rules, and the ways to spoil them."""

GOOD = """\
controller: {name: la CRESS, contact: "12 rue du Test, cress@exemple.test"}
legal_basis: mission
recipients: [l'équipe, le délégué]
rules:
  - {id: a, title: personnes, what: persons, entities: [registration], keep: {years: 3}, from: la fin, why: "Ainsi."}
  - {id: b, title: textes, what: slot, entities: [registration], roles: [free_text], keep: {months: 6}, from: la fin, why: "Ainsi."}
"""
SPOILT = [
    ("id: b", "id: a"),
    ("{years: 3}", "{years: 3, months: 1}"),
    ("{years: 3}", "{}"),
    ("roles: [free_text]", "roles: [humeur]"),
    ("roles: [free_text], ", ""),
    ("what: persons", "what: everything"),
    ("what: persons", "headers: [menu], what: persons"),
    ("controller", "controler"),
    ("name: la CRESS", "name: ' '"),
    ("contact: ", "telephone: "),
]
