"""3,000 captions that went through a wrong encoding, and what the reference cleans them to (ftfy, HTML, white space, lower case)."""
import gzip
import json
import random
import sys
from pathlib import Path

from open_clip.tokenizer import basic_clean, whitespace_clean

# None of these is in texts.py, which lib/text/mojibake.ts was written on.
PHRASES = ["cliché über alles", "déjà vu à la carte", "façade d’hôtel", "L’été indien", "garçon fâché", "où êtes-vous ?", "ça va bien…",
           "“Don’t panic”", "she said ‘maybe’", "5 – 10 €", "£20 off – today!", "© 2014 • all rights reserved", "½ price™", "25 °C", "3 × 4 ÷ 2 ± 1",
           "niño pequeño", "mañana por la mañana", "¡Olé!", "corazón", "Ångström", "fjörður", "þið", "blåbærsyltetøy", "hyvää päivää",
           "Straße in München", "schöne Grüße", "Käse & Brötchen", "maçã", "coração", "não há água", "kürtőskalács", "árvíztűrő tükörfúrógép",
           "zażółć gęślą jaźń", "źdźbło", "příliš žluťoučký kůň", "ďábelské ódy", "čaj", "škola", "şömine", "ğüzel ığdır", "Çeşme", "İzmir",
           "Москва — столица", "собака на траве", "ёлка", "Київ", "Αθήνα", "γάτα", "שלום", "مرحبا", "नमस्ते", "สวัสดี", "東京", "犬と猫", "北京", "고양이",
           "🐶 dog", "❤️ love", "👍", "🦊", "🎉🎉", "→ here", "✓ done", "№ 7", "“fish & chips”", "rock ’n’ roll"]
PLAIN = "a the photo of on in with red green old small dog cat tree house street 7 12,5 1999 50% it's they're x-ray foo/bar #tag & ! ? -".split()
CODECS = ["cp1252", "latin-1", "cp1252 that drops", "cp1252 twice"]


def broken(text, codec):
    if codec == "latin-1":
        return text.encode("utf-8").decode("latin-1")
    if codec == "cp1252 that drops":
        return text.encode("utf-8").decode("cp1252", errors="ignore")
    once = "".join(bytes([b]).decode("cp1252", errors="replace").replace("\ufffd", chr(b)) for b in text.encode("utf-8"))
    if codec == "cp1252":
        return once
    return "".join(bytes([b]).decode("cp1252", errors="replace").replace("\ufffd", chr(b)) for b in once.encode("utf-8"))


def strings(seed=11):
    rng = random.Random(seed)
    while True:
        words = [rng.choice(PLAIN) for _ in range(rng.randint(0, 6))]
        codec = rng.choice(CODECS)
        for _ in range(rng.randint(1, 3)):
            words.insert(rng.randint(0, len(words)), rng.choice(PHRASES))
        # Either the whole caption went the wrong way, or a part that was pasted in.
        if rng.random() < 0.6:
            yield broken(" ".join(words), codec)
        else:
            yield " ".join(broken(word, codec) if rng.random() < 0.7 else word for word in words)


def main(folder):
    unique = {}
    for text in strings():
        unique[text] = None
        if len(unique) == 3000:
            break
    rows = [[text, whitespace_clean(basic_clean(text)).lower()] for text in unique]
    payload = json.dumps({"version": 1, "made by": "npm run fixtures (test/parity/mojibake.py)", "rows": rows}, ensure_ascii=True)
    with gzip.GzipFile(Path(folder) / "mojibake.json.gz", "wb", mtime=0) as out:
        out.write(payload.encode())


if __name__ == "__main__":
    main(sys.argv[1])
