"""Invented people for the demo: names of many scripts, real municipalities. Nobody here exists."""

from __future__ import annotations

import random

from msgspec import Struct

GERMAN_GIVEN = (
    "Anna Birgit Christa Dagmar Elke Franziska Gabriele Hannelore Ines Jana Katrin Lena Maria Nadine Petra Renate"
    " Sabine Tanja Ulrike Waltraud Andreas Bernd Christian Dirk Eckhard Frank Günter Heinz Ingo Jens Klaus Lars Markus"
    " Norbert Olaf Peter Ralf Stefan Thomas Uwe Volker Wolfgang Jürgen Jörg Käthe Björn Sören Zoë"
).split()
GERMAN_FAMILY = (
    "Ahrens Bäcker Clemens Dörfler Eichhorn Förster Gröning Hölscher Immenroth Jäger Köster Löwenstein Möller Nölke"
    " Oberhoff Pöppelmann Quast Röttger Schäfer Strauß Tönnies Uhlenbrock Vöge Wüllner Zöllner Brinkmann Hagedorn"
    " Kleinschmidt Lindemann Overbeck Rademacher Sandkühler Terbrüggen Wiesmann Großmann Weiß Müller Schröder Krüger"
    " Böhme Vogt Lorenz Seidel Ziegler Kühn Arnold Heinrich Pohl Friedrich Albers"
).split()
NAMES: dict[str, tuple[list[str], list[str], int]] = {
    "german": (GERMAN_GIVEN, GERMAN_FAMILY, 400),
    "noble": (
        ["Friederike-Charlotte", "Karl-Theodor", "Maria-Luise", "Hans-Joachim"],
        ["von der Heide", "Freifrau von Müller-Lüdenscheidt", "zu Hohenberg", "von und zu Weißenfels", "van den Bergh"],
        26,
    ),
    "turkish": (
        "İbrahim Ayşe Gülşen Çağla Ömer Şükrü Işıl Yağmur Oğuz Özlem".split(),
        "Yıldız Şahin Öztürk Kılıç Çelik Güneş Aydoğan Işık Türkoğlu Bayındır".split(),
        58,
    ),
    "polish": (
        "Łukasz Małgorzata Grażyna Paweł Zbigniew Żaneta Stanisław Bożena".split(),
        "Woźniak Wiśniewska Łęcki Dąbrowska Śliwa Kołodziejczyk Zając Gałązka".split(),
        40,
    ),
    "vietnamese": (
        ["Thị Hương", "Văn Đức", "Thị Phượng", "Quốc Việt", "Thuỳ Linh"],
        ["Nguyễn", "Trần", "Phạm", "Đặng", "Bùi"],
        16,
    ),
    "arabic": ("محمد فاطمة أحمد ليلى يوسف مريم".split(), ["العلي", "الحسن", "بن عبد الله", "خليل", "النجار"], 24),
    "cyrillic": (
        "Олександра Тарас Юлія Їржина Ґеорґій Наталія".split(),
        "Коваленко Шевчук Ґалаґан Щербина Пономаренко".split(),
        28,
    ),
    "greek": ("Νικόλαος Ελένη Γεώργιος Αικατερίνη".split(), "Παπαδόπουλος Αντωνίου Σταυρίδης".split(), 12),
    "hebrew": ("גיורא נועה אברהם".split(), "כהן לוי שפירא".split(), 8),
    "georgian": ("გიორგი ნინო თამარ".split(), "მამარდაშვილი ბერიძე კაპანაძე".split(), 8),
    "ethiopic": ("አበበ ሰላም ጸሐይ ዮሐንስ".split(), "በቀለ ወልደማርያም ተስፋዬ".split(), 14),
    "devanagari": ("अनिल सुनीता राजेश".split(), "श्रीनिवासन शर्मा पटेल".split(), 10),
    "cjk": ("小明 美玲 さくら 민준".split(), "王 陳 山田 김".split(), 16),
}
"""script → given names, family names, how many of the 660 rows about."""

TITLES = ("Dr.", "Prof. Dr.", "Dr.-Ing.", "Dipl.-Ing.")
TOWNS = (
    ("44135", "Dortmund", "Nordrhein-Westfalen"),
    ("45127", "Essen", "Nordrhein-Westfalen"),
    ("44787", "Bochum", "Nordrhein-Westfalen"),
    ("47051", "Duisburg", "Nordrhein-Westfalen"),
    ("45879", "Gelsenkirchen", "Nordrhein-Westfalen"),
    ("59065", "Hamm", "Nordrhein-Westfalen"),
    ("58095", "Hagen", "Nordrhein-Westfalen"),
    ("44623", "Herne", "Nordrhein-Westfalen"),
    ("48143", "Münster", "Nordrhein-Westfalen"),
    ("33602", "Bielefeld", "Nordrhein-Westfalen"),
    ("50667", "Köln", "Nordrhein-Westfalen"),
    ("40213", "Düsseldorf", "Nordrhein-Westfalen"),
    ("42103", "Wuppertal", "Nordrhein-Westfalen"),
    ("52062", "Aachen", "Nordrhein-Westfalen"),
    ("53111", "Bonn", "Nordrhein-Westfalen"),
    ("41061", "Mönchengladbach", "Nordrhein-Westfalen"),
    ("45657", "Recklinghausen", "Nordrhein-Westfalen"),
    ("59423", "Unna", "Nordrhein-Westfalen"),
    ("44532", "Lünen", "Nordrhein-Westfalen"),
    ("33098", "Paderborn", "Nordrhein-Westfalen"),
    ("10117", "Berlin", "Berlin"),
    ("20095", "Hamburg", "Hamburg"),
    ("28195", "Bremen", "Bremen"),
    ("27568", "Bremerhaven", "Bremen"),
    ("30159", "Hannover", "Niedersachsen"),
    ("38100", "Braunschweig", "Niedersachsen"),
    ("49074", "Osnabrück", "Niedersachsen"),
    ("26122", "Oldenburg", "Niedersachsen"),
    ("37073", "Göttingen", "Niedersachsen"),
    ("24103", "Kiel", "Schleswig-Holstein"),
    ("23552", "Lübeck", "Schleswig-Holstein"),
    ("24937", "Flensburg", "Schleswig-Holstein"),
    ("18055", "Rostock", "Mecklenburg-Vorpommern"),
    ("19053", "Schwerin", "Mecklenburg-Vorpommern"),
    ("14467", "Potsdam", "Brandenburg"),
    ("03046", "Cottbus", "Brandenburg"),
    ("01067", "Dresden", "Sachsen"),
    ("04109", "Leipzig", "Sachsen"),
    ("09111", "Chemnitz", "Sachsen"),
    ("08056", "Zwickau", "Sachsen"),
    ("02826", "Görlitz", "Sachsen"),
    ("39104", "Magdeburg", "Sachsen-Anhalt"),
    ("06108", "Halle (Saale)", "Sachsen-Anhalt"),
    ("06844", "Dessau-Roßlau", "Sachsen-Anhalt"),
    ("99084", "Erfurt", "Thüringen"),
    ("07743", "Jena", "Thüringen"),
    ("60311", "Frankfurt am Main", "Hessen"),
    ("34117", "Kassel", "Hessen"),
    ("64283", "Darmstadt", "Hessen"),
    ("65183", "Wiesbaden", "Hessen"),
    ("55116", "Mainz", "Rheinland-Pfalz"),
    ("54290", "Trier", "Rheinland-Pfalz"),
    ("67059", "Ludwigshafen am Rhein", "Rheinland-Pfalz"),
    ("66111", "Saarbrücken", "Saarland"),
    ("70173", "Stuttgart", "Baden-Württemberg"),
    ("68159", "Mannheim", "Baden-Württemberg"),
    ("76133", "Karlsruhe", "Baden-Württemberg"),
    ("79098", "Freiburg im Breisgau", "Baden-Württemberg"),
    ("89073", "Ulm", "Baden-Württemberg"),
    ("80331", "München", "Bayern"),
    ("90402", "Nürnberg", "Bayern"),
    ("86150", "Augsburg", "Bayern"),
    ("97070", "Würzburg", "Bayern"),
    ("90762", "Fürth", "Bayern"),
)
OFFICES = (
    "Amt für Stadterneuerung",
    "Amt für Integration und Vielfalt",
    "Stadtplanungsamt",
    "Quartiersmanagement Nord",
    "Jugendamt",
    "Schulverwaltungsamt",
    "Fachbereich Soziales",
    "Stabsstelle Bürgerbeteiligung",
    "Kommunales Integrationszentrum",
)


class Invented(Struct, frozen=True):
    """A name and where it is from."""

    script: str
    given_name: str
    family_name: str
    title: str
    town: tuple[str, str, str]


def invent(rng: random.Random, count: int) -> list[Invented]:
    """So many people, no two of the same name, in the mixture of scripts above."""
    scripts = [script for script, (_, _, share) in NAMES.items() for _ in range(share)]
    people: list[Invented] = []
    taken: set[tuple[str, str]] = set()
    while len(people) < count:
        script = scripts[len(people) % len(scripts)] if len(people) < len(scripts) else "german"
        given, family, _ = NAMES[script]
        name = rng.choice(given), rng.choice(family)
        if name in taken:
            name = name[0], f"{name[1]}-{rng.choice(family)}" if script in ("german", "polish", "turkish") else name[1]
        if name in taken:
            name = f"{name[0]} {rng.choice(given)}", name[1]
        if name in taken:
            continue
        taken.add(name)
        title = rng.choice(TITLES) if rng.random() < 0.12 and script in ("german", "noble", "turkish", "polish") else ""
        people.append(Invented(script, *name, title, rng.choice(TOWNS)))
    rng.shuffle(people)
    return people


def ascii_name(one: Invented) -> str:
    """A mailbox name: the Latin letters of a name, or a word for those without."""
    table = str.maketrans(
        {
            "ä": "ae",
            "ö": "oe",
            "ü": "ue",
            "ß": "ss",
            "ı": "i",
            "ł": "l",
            "đ": "d",
            "ğ": "g",
            "ş": "s",
            "ç": "c",
            "ż": "z",
        }
    )
    letters = f"{one.given_name}.{one.family_name}".lower().translate(table).replace(" ", "-")
    return (
        "".join(char for char in letters if char.isascii() and (char.isalnum() or char in ".-")).strip(".-") or "post"
    )
