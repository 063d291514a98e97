"""10,000 strings of every kind people feed to a tokenizer, and open_clip's ids for them."""
import gzip
import json
import random
import sys
from pathlib import Path

import open_clip

NOUNS = "dog cat horse fire hydrant traffic light axolotl pangolin Antikythera mechanism São Paulo crème brûlée naïve café".split()
WORDS = ("a the photo of on in with two three 7 12,5 1999 $3.50 50% rock'n'roll it's they're I'LL DON'T we've x-ray "
         "state-of-the-art e.g. U.S.A. hello_world CamelCase foo/bar #tag @user http://example.org/a?b=c&d=e").split()
ENTITIES = "&amp; &lt;b&gt; &quot;quoted&quot; &#39; &#x27; &eacute; &nbsp; &amp;amp; &amp;lt; &hearts; &notanentity; &copy 2020".split()
CJK = ["東京タワー", "北京的猫", "서울 고양이", "犬と猫。", "ｆｕｌｌｗｉｄｔｈ　ＡＢＣ", "ﾊﾝｶｸ", "日本語のテキスト、句読点。"]
EMOJI = ["🐶", "👩‍👩‍👧", "🇫🇷", "👍🏽", "❤️", "🦊 fox", "☃", "①②③", "½ cup", "x² + y²", "…", "→", "€100", "№5", "™®©"]
QUOTES = ["“double”", "‘single’", "„low“", "«angle»", "it’s", "rock ‘n’ roll", "5′ 10″"]
LIGATURES = ["ﬁne ﬂower", "eﬀect", "oﬃce", "Ĳssel", "ǆ", "ſt"]
CONTROL = ["tab\there", "line\nbreak", "carriage\r\nreturn", "bell\x07", "null\x00byte", "esc\x1b[31mred\x1b[0m", "\ufeffbom",
           "zero\u200bwidth", "soft\u00adhyphen", "nbsp\u00a0space", "ls\u2028sep", "del\x7f", "\x85nel", "\u2060wj", "a\u0301e\u0308", "Å"]
SCRIPTS = ["Привет мир", "Γειά σου", "שלום עולם", "مرحبا بالعالم", "नमस्ते दुनिया", "สวัสดี", "İstanbul ISTANBUL ıi", "ẞ ß STRASSE", "Ǆ ǅ", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "Ⅻ ⅷ", "٣٤٥", "一二三"]
EDGES = ["", " ", "   many   spaces   ", "'", "''", "'s", "'S 'T 'Re", "<start_of_text>", "<end_of_text>", "<|startoftext|> a <|endoftext|>",
         "a" * 400, "word " * 500, "!!!???...", "-_-", "{}", "a photo of a {}.", "\\", "/", "`code`", "<b>bold</b>", "0" * 30]


def mojibake(text):
    """UTF-8 read as cp1252, as it is found in scraped captions."""
    return text.encode("utf-8").decode("cp1252", errors="ignore")


def strings(seed=5):
    rng = random.Random(seed)
    fixed = EDGES + CONTROL + SCRIPTS + LIGATURES + QUOTES + EMOJI + CJK + ENTITIES + WORDS + NOUNS
    yield from fixed
    pools = [NOUNS, WORDS, ENTITIES, CJK, EMOJI, QUOTES, LIGATURES, SCRIPTS]
    for _ in range(5200):
        yield " ".join(rng.choice(rng.choice(pools)) for _ in range(rng.randint(1, 14)))
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'’-.,!?&;0123456789 éüñçøßΩжяあ中🐍"
    for _ in range(3000):
        yield "".join(rng.choice(letters) for _ in range(rng.randint(1, 60)))
    for _ in range(10000):
        yield " ".join(rng.choice(NOUNS[:8] + WORDS[:30]) for _ in range(rng.randint(3, 20)))


BROKEN = ["café", "naïve", "crème brûlée", "São Paulo", "it’s", "“quote”", "– dash —", "€ 100", "Größe", "jalapeño", "Zürich", "œuvre",
          "Beyoncé’s", "¿qué?", "Señor", "smörgåsbord", "…", "ﬁne", "Łódź", "Dvořák", "東京", "Привет"]


def main(folder):
    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    unique = list(dict.fromkeys(strings()))[:10000]
    rows = []
    for text in unique:
        ids = tokenizer([text])[0].tolist()
        rows.append([text, ids[: max(i for i, v in enumerate(ids) if v) + 1]])
    broken = []
    for text in BROKEN:
        for source in (mojibake(text), "a photo of " + mojibake(text), mojibake(mojibake(text))):
            ids = tokenizer([source])[0].tolist()
            broken.append([source, ids[: max(i for i, v in enumerate(ids) if v) + 1]])
    made = "npm run fixtures (test/parity/texts.py)"
    payload = json.dumps({"version": 1, "made by": made, "context": 77, "rows": rows, "mojibake": broken}, ensure_ascii=True)
    with gzip.GzipFile(Path(folder) / "tokens.json.gz", "wb", mtime=0) as out:
        out.write(payload.encode())


if __name__ == "__main__":
    main(sys.argv[1])
