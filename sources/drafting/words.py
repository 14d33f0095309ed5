"""The words people put above a column, per entity and slot: what a header says when no template has it.

Regular expressions on the folded header (lower case, no accents, punctuation to spaces: « N° » is `n`, « Organisateur(s) » is
`organisateur s`). One that matches the whole header says more than one found inside it. Not here: the headers of platforms,
which the templates know.
"""

from __future__ import annotations

_PERSON = {
    "email": r"(adresse )?(e ?mail|mail|courriel)( .*)?|adresse (electronique|de messagerie)",
    "given_name": r"prenom( .*)?",
    "family_name": r"nom( de famille)?( (du|de la) participante?)?|nom d usage",
    "full_name": r"nom (et )?prenoms?|prenom (et )?nom|nom complet|participante?|personne|identite|nom affiche",
    "phone": r"tel(ephone)?s?( .*)?|portable|mobile|numero de tel(ephone)?",
    "gender": r"civilite|genre|sexe",
    "category": r"fonction|qualite|profil|vous etes|metier|poste|categorie|type de public|statut professionnel|votre fonction",
    "organisation": r"(votre )?(structure|organisation|organisme|association|employeur|entreprise|etablissement)( representee?)?|raison sociale|nom de (la|votre|l) ?(structure|organisation|association|organisme)|structure fonction",
    "siret": r"((n|no|numero)( de)? )?sire[nt]( .*)?",
    "postcode": r"cp|code postal",
    "commune": r"commune( .*)?|ville( .*)?|localite",
    "comment": r"(vos |votre )?(commentaire|remarque|observation|suggestion|verbatim|message|avis|precision)s?( .*)?",
}  # fmt: skip

WORDS: dict[str, dict[str, str]] = {
    "event": {
        "event_id": r"n|no|num(ero)?|ref(erence)?|id(entifiant)?|code|cle|(ref(erence)?|numero|n|id|code) (de l |d )?(evenement|atelier|action)",
        "programme": r"programme|edition|campagne|operation",
        "parent": r"rattache a|evenement parent|fait partie de|dans le cadre de",
        "kind": r"nature|type|(type|nature|categorie) (d |de l )?(evenement|action|atelier)",
        "status": r"statut|etat|situation|avancement|statut de l (evenement|action)",
        "counts": r"compte dans le programme|compte|a compter|comptabilisee?|retenue?",
        "title": r"intitule|titre|libelle|evenement|atelier|action|manifestation|(intitule|titre|nom)( de)? (l |la |votre )?(evenement|atelier|action|manifestation|conference)|sujet",
        "organisers": r"organisateur( s)?|organisatrice|structure( s)?( organisatrice| porteuse)?( s)?|porteur( du projet)?|organisme|co organisateurs?|organise par",
        "themes": r"themes?|thematiques?|transition( s)?( .*)?|themes? (aborde|traite)s?|axe",
        "date": r"dates?|jour|quand|periode|date (de|du|de l) ?(evenement|atelier|action|jour)?|date et heure|dates? et horaires?",
        "place": r"lieu|ville|commune|localite|adresse|ou|lieu (de l |de la )?(evenement|atelier|action|rencontre)?",
        "department": r"dept|dep|dpt|departement",
        "region": r"region",
        "format": r"format|modalite|presentiel (ou )?(distanciel|visio)|en ligne|mode",
        "venue": r"salle|site|etablissement|nom du lieu|equipement",
        "participants": r"(nombre|nb|nbre)?( de| d)? ?(participants?|personnes|presents|participations?)( presents)?|frequentation|affluence|effectif|public present|nombre total de participants",
    },
    "published_figure": {
        "programme": r"programme|edition|campagne",
        "indicator": r"indicateur|mesure",
        "dimension": r"dimension|ventilation|axe|decoupage",
        "member": r"modalite|membre|modalite de la dimension",
        "figure": r"chiffre( publie| imprime)?|valeur( publiee)?|nombre publie",
        "precision": r"precision",
        "document": r"document|source|publication",
    },
    "registration": {
        "registration_id": r"id|ref(erence)?|(n|no|numero|id|code|reference|identifiant)( de| d)? ?(l )?(billet|inscription|place|ticket)",
        "order": r"commande|(n|no|numero|ref(erence)?|id)?( de| d)? ?(la )?commande",
        "event": r"evenement|(nom|titre|intitule)( de)? l evenement|atelier( choisi)?|session|action|manifestation",
        "programme": r"programme|edition|campagne",
        "status": r"statut( de (la commande|l inscription))?|etat( de l inscription)?|situation",
        "registered_at": r"date( et heure)? (d |de l )?inscription|inscrite? le|date de (la )?commande|horodateur|date de creation|cree le|date de reservation",
        "updated_at": r"modifie le|mise? a jour( le)?|date de (derniere )?modification",
        "cancelled_at": r"annulee? le|date d annulation",
        "checked_in_at": r"scanne le|heure de pointage|pointe le|enregistree? le|heure d arrivee",
        "checked_in": r"presente?|venue?|pointee?|scannee?|present( e)?( .*)?|enregistrement effectue",
        "ticket": r"billet|tarif|formule|ticket|type de (billet|ticket|place)|categorie (de |du )?(billet|tarif)",
        "price": r"prix|montant( .*)?|montant (paye|tarif)|total paye|prix paye",
        "first_time": r"premiere (fois|participation|venue)( .*)?",
        "payer_email": r"(e ?mail|courriel|mail) (du )?(payeur|acheteur|commande)",
        "payer_name": r"(nom )?(du )?(payeur|acheteur)",
        **_PERSON,
    },
    "attendance": {
        "attendance_id": r"id|ref(erence)?|identifiant|(id|code)( de| d)? ?(la )?(presence|ligne|connexion)",
        "event": r"evenement|(nom|titre|intitule)( de)? l evenement|atelier|session|reunion|action|manifestation",
        "programme": r"programme|edition|campagne",
        "present": r"presen(t|te|ce|t e)( .*)?|emargee?|venue?|matin(ee)?|apres midi|soir(ee)?|pointage",
        "joined_at": r"(heure |date )?d ?arrivee|arrivee( le| a)?|entree|connexion",
        "left_at": r"(heure |date )?(de )?depart|sortie|deconnexion",
        "duration": r"duree( .*)?|temps( passe)?( .*)?",
        "mode": r"mode|modalite|format|presentiel (ou )?(distanciel|visio)",
        "role": r"role",
        "registration": r"(n|no|numero|ref(erence)?|id)( de| d)? ?(l )?(inscription|billet)",
        "signature": r"signature|emargement|visa|paraphe|signature (matin|apres midi)",
        **_PERSON,
    },
    "feedback": {
        "response_id": r"id|ref(erence)?|identifiant|(id|n|no|numero|ref(erence)?)( de| d)? ?(la )?(reponse|questionnaire|soumission)",
        "event": r"evenement|(nom|titre|intitule)( de)? l evenement|atelier( suivi)?|session|(a )?quel (evenement|atelier)( .*)?",
        "programme": r"programme|edition|campagne",
        "submitted_at": r"horodateur|date( et heure)?( de| d)? ?(la )?(reponse|soumission|envoi|fin)|heure de fin|soumis le|repondu le|envoye le|date submitted|submit(ted)?( at| date| time)?|submission time|timestamp",
        "complete": r"complete?|termine|reponse complete",
        "satisfaction": r"(votre )?(note|satisfaction|appreciation|evaluation)( globale| generale| sur .*)?|(quelle )?note .*|satisfaction .*|degre de satisfaction",
        "recommendation": r".*recommand.*",
        "first_time": r"premiere (fois|participation|venue)( .*)?",
        "levers": r"leviers?( .*)?",
        "selections": r"(quels )?(ateliers|themes|thematiques|sujets)( .*)?",
        **_PERSON,
    },
    "event_report": {
        "report_id": r"id|ref(erence)?|identifiant|n|no|numero|(id|n|no|numero|ref(erence)?)( de| d)? ?(la )?(fiche|reponse|synthese|bilan)",
        "event": r"evenement|(nom|titre|intitule)( de)? (l |votre )?(evenement|atelier|action)|atelier|action",
        "programme": r"programme|edition|campagne",
        "submitted_at": r"horodateur|date( et heure)?( de| d)? ?(la )?(reponse|soumission|envoi|saisie|fin)|heure de fin|soumis le|envoye le|date submitted|submit(ted)?( at| date| time)?|submission time|timestamp",
        "participants": r"(nombre|nb|nbre)?( de| d)? ?(participants?|personnes|presents)( presents)?|frequentation|affluence|combien de .*(participants?|personnes).*",
        "registered": r"(nombre|nb|nbre)?( de| d)? ?inscrits?( au total)?",
        "audiences": r"publics?( .*)?|quels publics ?.*|types? de publics?",
        "reporter_email": r"(adresse )?(e ?mail|mail|courriel)( .*)?|adresse (electronique|de messagerie)",
        "reporter_name": r"(votre )?nom( et prenom| complet)?|referente?|contact|rempli par|nom (du|de la) (referente?|contact|responsable)",
        "comment": _PERSON["comment"],
    },
    "contribution": {
        "contribution_id": r"id|ref(erence)?|identifiant|n|no|numero",
        "event": r"evenement|atelier|(nom|titre|intitule)( de)? l (evenement|atelier)|action",
        "programme": r"programme|edition|campagne",
        "kind": r"type|nature|(levier|frein) ou (levier|frein)|type de contribution",
        "themes": r"themes?|thematiques?|transition( s)?( .*)?",
        "text": r"contribution|levier|frein|bonne pratique|outil|description|contenu|texte|(leviers|freins) identifies",
    },
    "organisation": {
        "organisation_id": r"id|ref(erence)?|identifiant|n|no|numero|code",
        "name": r"structure|nom|raison sociale|organisation|association|denomination|organisme|nom de (la |l )?(structure|organisation|association)|entreprise",
        "siret": _PERSON["siret"],
        "legal_category": r"(categorie|forme|nature) juridique|statut juridique",
        "activity": r"(code )?(ape|naf)|activite( principale)?",
        "family": r"famille( de l ess)?|famille ess",
        "headcount": r"effectifs?( salarie)?|(tranche d |nombre de )?(effectif|salaries)|nb de salaries",
        "is_ess": r"ess|est ess|appartient a l ess",
        "place": r"commune|ville|localite|adresse|siege",
        "department": r"dept|dep|dpt|departement",
        "region": r"region",
        "postcode": _PERSON["postcode"],
        "contact_email": _PERSON["email"],
        "contact_name": r"contact|referente?|nom (du|de la) (contact|referente?|responsable)|responsable",
        "contact_phone": _PERSON["phone"],
    },
}  # fmt: skip

HALLMARKS: dict[str, tuple[str, ...]] = {
    "event": ("title", "date", "organisers", "participants", "place"),
    "published_figure": ("indicator", "dimension", "member", "figure"),
    "registration": ("order", "ticket", "status", "registered_at", "price"),
    "attendance": ("present", "signature", "joined_at", "left_at", "duration"),
    "feedback": ("satisfaction", "recommendation", "selections"),
    "event_report": ("audiences", "participants", "registered", "submitted_at"),
    "contribution": ("kind", "text"),
    "organisation": ("siret", "legal_category", "activity", "family", "headcount"),
}
"""What tells an entity from the others: lists of people all have names and addresses."""

VOCABULARY: dict[str, dict[str, tuple[str, ...]]] = {
    "status": {
        "held": ("tenu", "tenue", "réalisé", "réalisée", "passé", "passée", "terminé", "terminée", "fait", "effectué", "eu lieu", "a eu lieu"),
        "announced": ("annoncé", "annoncée", "prévu", "prévue", "à venir", "programmé", "programmée", "confirmé", "confirmée", "planifié"),
        "cancelled": ("annulé", "annulée", "annulation"),
        "postponed": ("reporté", "reportée", "report", "décalé"),
    },
    "format": {
        "in_person": ("présentiel", "en présentiel", "sur place", "physique", "salle"),
        "online": ("distanciel", "en ligne", "visio", "visioconférence", "webinaire", "à distance", "en visio", "distance"),
        "hybrid": ("hybride", "mixte", "présentiel et distanciel"),
    },
    "kind": {
        "lever": ("levier", "leviers"),
        "brake": ("frein", "freins"),
        "good_practice": ("bonne pratique", "bonnes pratiques", "bonne idée"),
        "tool": ("outil", "outils"),
    },
}  # fmt: skip
VOCABULARY["mode"] = VOCABULARY["format"]
"""Words of a closed choice, by slot then canonical value: those found in the file are proposed under it."""

REGISTRATION_VOCABULARY: dict[str, tuple[str, ...]] = {
    "registered": ("inscrit", "inscrite", "validé", "validée", "confirmé", "confirmée", "payé", "payée", "accepté"),
    "waiting": ("en attente", "liste d'attente", "à valider", "préinscrit"),
    "cancelled": ("annulé", "annulée", "désinscrit", "désisté", "refusé"),
    "refunded": ("remboursé", "remboursée"),
    "attended": ("présent", "présente", "venu", "venue"),
    "no_show": ("absent", "absente", "non venu"),
}
