"""Words that names are made of. Nobody bears these names: every family name says that it is an example, every address ends in
`.example` (RFC 2606), every phone lies in a range that Arcep keeps for fiction, every SIREN begins with 999.
"""

from __future__ import annotations


def _words(text: str, between: str = " ") -> list[str]:
    return text.replace("\n", between).split(between)


WOMEN = _words("""Adèle Agathe Aïcha Albane Alexandra Alice Aline Alix Amandine Amélie Anaïs Anne Anne-Sophie Annick Apolline Ariane Assia Astrid
Aurélie Aurore Axelle Béatrice Bénédicte Brigitte Camille Carole Caroline Catherine Cécile Céline Chantal Charlotte Chloé Christelle
Christine Claire Clara Clémence Clotilde Colette Coralie Corinne Cyrielle Danielle Delphine Diane Dominique Édith Éléonore Élisabeth
Élise Élodie Éloïse Élvire Emma Emmanuelle Estelle Eugénie Ève Fabienne Fanny Fatou Faustine Flavie Flora Florence Françoise Frédérique
Gaëlle Geneviève Ghislaine Gwenaëlle Hélène Héloïse Inès Irène Isabelle Jacqueline Jeanne Joëlle Joséphine Judith Julie Juliette Justine
Karine Kenza Laëtitia Laure Laurence Léa Léonie Leïla Lise Louise Lucie Lydie Maëlle Magali Manon Margaux Marguerite Marianne
Marie-Claude Marie-Hélène Marine Marion Marlène Martine Mathilde Maud Mélanie Michèle Mireille Monique Morgane Muriel Myriam Nadège Nadia
Nathalie Nicole Noémie Nora Océane Odile Olivia Ophélie Pascale Patricia Pauline Perrine Rachel Raphaëlle Régine Romane Rosalie Roxane
Sabine Salomé Samira Sandrine Sarah Ségolène Séverine Sidonie Solène Solange Sophie Stéphanie Suzanne Sylvie Tatiana Thérèse Valentine
Valérie Vanessa Véronique Victoire Violette Virginie Viviane Yasmine Yolande Zélie Zoé""")

MEN = _words("""Abel Achille Adam Adrien Ahmed Alain Albert Alexandre Alexis Ali Alphonse Amaury Amine André Anselme Antoine Antonin Armand Arnaud
Arthur Aubin Auguste Augustin Aurélien Balthazar Baptiste Barnabé Basile Bastien Benjamin Benoît Bernard Bertrand Blaise Boris Brice
Bruno Cédric Célestin Charles Christian Christophe Clément Côme Constant Cyprien Cyril Damien Daniel David Denis Désiré Didier Dimitri
Edgar Edmond Édouard Éloi Émile Émilien Emmanuel Éric Erwan Étienne Eudes Eugène Eustache Fabien Fabrice Félix Ferdinand Fernand
Firmin Florent Florian Franck François François-Xavier Frédéric Gabriel Gaël Gaspard Gauthier Geoffroy Georges Gérald Gérard Germain
Gilbert Gilles Grégoire Grégory Guilhem Guillaume Gustave Guy Henri Hervé Hippolyte Honoré Hubert Hugo Ibrahim Igor Isaac Ismaël Ivan
Jacques Jean-Baptiste Jean-Luc Jean-Michel Jean-Pierre Jérémie Jérôme Joachim Joël Joseph Jules Julien Karim Kévin Killian Lambert Laurent
Léandre Léon Léonard Lionel Loïc Louis Luc Lucien Ludovic Maël Malo Marc Marcel Marius Martial Martin Mathieu Mathurin Maurice Maxence
Maxime Medhi Michel Mickaël Mohamed Nestor Nicolas Noël Norbert Octave Olivier Omar Oscar Pascal Patrice Patrick Paul Philippe Pierre
Quentin Raoul Raphaël Raymond Rémi Renaud René Richard Robert Robin Roland Romain Sacha Salvador Samuel Sébastien Serge Simon Stanislas
Stéphane Sylvain Tanguy Théodore Théophile Thibault Thierry Thomas Timothée Tristan Ulysse Urbain Valentin Victor Vincent Virgile
Vladimir Wilfried Xavier Yann Yannick Yves Zacharie""")

NICKNAMES = {
    "Alexandra": "Alex", "Alexandre": "Alex", "Amandine": "Mandy", "Antoine": "Tony", "Antonin": "Tonin", "Benjamin": "Ben",
    "Bénédicte": "Béné", "Catherine": "Cathy", "Caroline": "Caro", "Charlotte": "Charlie", "Christelle": "Chris",
    "Christine": "Chris", "Christophe": "Chris", "Daniel": "Dan", "Danielle": "Dany", "Delphine": "Del", "Dominique": "Dom",
    "Édouard": "Ed", "Élisabeth": "Babeth", "Emmanuel": "Manu", "Emmanuelle": "Manue", "Florence": "Flo", "Florent": "Flo",
    "Françoise": "Fanchon", "Frédéric": "Fred", "Frédérique": "Fred", "Geneviève": "Geneve", "Gérard": "Gégé", "Grégory": "Greg",
    "Grégoire": "Greg", "Guillaume": "Guigui", "Isabelle": "Isa", "Jacqueline": "Jackie", "Jérémie": "Jérem", "Joséphine": "José",
    "Julien": "Ju", "Laëtitia": "Laeti", "Laurence": "Lolo", "Ludovic": "Ludo", "Marguerite": "Margot", "Mathilde": "Mat",
    "Mathieu": "Mat", "Maxence": "Max", "Maxime": "Max", "Mélanie": "Mel", "Mickaël": "Micka", "Mohamed": "Momo",
    "Nathalie": "Nath", "Nicolas": "Nico", "Olivier": "Oliv", "Patricia": "Pat", "Patrick": "Pat", "Philippe": "Phil",
    "Raphaël": "Raph", "Raphaëlle": "Raph", "Samuel": "Sam", "Sandrine": "Sandra", "Sébastien": "Seb", "Stéphane": "Steph",
    "Stéphanie": "Steph", "Suzanne": "Suzie", "Sylvain": "Syl", "Théodore": "Théo", "Théophile": "Théo", "Thibault": "Thib",
    "Thomas": "Tom", "Timothée": "Tim", "Valentine": "Val", "Valérie": "Val", "Véronique": "Véro", "Victoire": "Vic",
    "Vincent": "Vince", "Virginie": "Virg", "Vladimir": "Vlad", "Xavier": "Xav",
}  # fmt: skip

EXAMPLES = _words("""Exemple Fictif Modèle Spécimen Factice Imaginaire Inventé Témoin Essai Prétendu Supposé Simulé Chimère Légende Mirage Fable
Conte Feint Semblant Virtuel Hypothèse Utopie Fantôme Songe Esquisse Maquette Brouillon Doublure Figurant Masque""")

FAMILIES = _words("""Abadie Aubry Bailleul Barbier Baudouin Beaumont Béguin Belhadj Bernard Berthelot Besson Bigot Blanchard Blondel Boisseau
Bonnet Bouchard Boulanger Bourgeois Boutin Brasseur Breton Briand Brunel Caillaux Camus Cardon Caron Carpentier Castel Chauvin Chevalier
Clément Colin Cordier Cornet Courtois Coutant Crépin Cuvelier Danjou Dauphin Debruyne Decroix Delacourt Delannoy Delattre Delorme Demeyer
Denis Descamps Desmet Devaux Devos Diallo Dubois Duchêne Dufour Dujardin Dumont Duprez Durieux Dutoit Évrard Fabre Faucheux Ferrand
Flament Fontaine Fournier Gaillard Garnier Gauthier Georget Gérardin Girard Gosselin Goubet Grandjean Guérin Guilbert Hachemi Hamelin
Haquet Hennebelle Herbin Hocquet Houzé Huguet Imbert Jacquemin Jolivet Joly Kaci Keller Labbé Lacroix Lafont Lallemand Lambert Langlois
Laurent Lebrun Leclercq Lecomte Lefebvre Legrand Lemaire Lenoir Leroux Lesage Levasseur Lhermitte Loiseau Loubert Mahieu Maillard Marchal
Marquant Martel Masson Mercier Meunier Michaux Moreau Morvan Mouton Nguyen Nicolle Noiret Ouali Paquet Parent Pasquier Payen Pelletier
Perrin Petitjean Picard Pinchon Poirier Pottier Poulain Prévost Quesnel Queval Rémond Renard Richez Rivière Rousseau Roussel Ruelle
Sagnier Saunier Savary Sénéchal Simon Soulier Taleb Tanguy Tellier Ternois Thibaut Thuillier Tissier Tonnelier Vallet Vandamme
Vanhoutte Vasseur Verdier Verhaeghe Viard Vigneron Villain Wallon Wattel Yildiz Zaoui""")

# family of the organisation → (its share, legal category, APE, words the name begins with)
ORGANISATIONS = {
    "association": (0.55, "9220", "9499Z", ("Association", "Collectif", "Les Amis de", "Maison", "Réseau", "Ateliers", "Ressourcerie", "Jardins")),
    "cooperative": (0.13, "5458", "7022Z", ("Coopérative", "Scop", "Scic", "CAE")),
    "mutual": (0.03, "8210", "6512Z", ("Mutuelle",)),
    "foundation": (0.03, "9300", "9499Z", ("Fondation",)),
    "ess_company": (0.05, "5710", "8899B", ("Entreprise solidaire", "Atelier solidaire")),
    "non_ess": (0.21, "7210", "8411Z", ("Ville de", "Communauté de communes", "Société", "Cabinet")),
}  # fmt: skip
"""A commune (7210) and a company without the ESS mark (5710) are both outside; `world` gives the latter its own category."""

NOUNS = _words("""Passerelle Boussole Tisserande Marmite Luciole Fabrique Cabane Clairière Lanterne Ruche Sémaphore Écluse Barque Charrue Navette
Semence Tournesol Grenier Moulin Beffroi Terril Estaminet Houblon Chicorée Betterave Carillon Géant Marais Falaise Dune Phare Alouette
Canal Péniche Filature Dentelle Verrerie Bassin Corons Citadelle Pavé Vannerie Forge Tannerie Sucrerie Briqueterie Horloge Kiosque""")

TELLING = _words("""Exemplaire Fictive Imaginaire Modèle Inventée Factice Témoin Légendaire Supposée Chimérique Rêvée Virtuelle Simulée Utopique
Fabuleuse Hypothétique""")

TOPICS = _words(
    """Coopérer|Emploi solidaire|Alimentation durable|Circuits courts|Énergie citoyenne|Numérique responsable|Finance solidaire
Habitat participatif|Culture partagée|Mobilité solidaire|Santé de proximité|Réemploi|Insertion|Éducation populaire|Commerce équitable
Bénévolat|Monnaie locale|Tiers-lieux|Aide à domicile|Tourisme solidaire|Agriculture paysanne|Textile|Petite enfance|Égalité""",
    "|",
)

FORMATS = (
    "Atelier",
    "Café-débat",
    "Conférence",
    "Visite",
    "Forum",
    "Table ronde",
    "Portes ouvertes",
    "Ciné-débat",
    "Formation",
    "Webinaire",
)

COMMENTS = ("Très bien, à refaire !", "Penser au micro.", "Trop court.", "Merci aux organisateurs ; belle rencontre.",
            "Salle un peu petite.", "RAS", "Prévoir plus de temps d'échange", "Intervenants passionnants")  # fmt: skip

DOMAINS = ("courriel.example", "boite.example", "messagerie.example", "poste.example", "mail.example")
