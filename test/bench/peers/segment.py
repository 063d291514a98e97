"""PyTorch eager: Pillow's picture to labels by MaskCLIP, with text vectors that lie ready: {weights, side, names, template}."""
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from data import normalized, picture
from open_clip_model import THREADS, load, versions
from serve import serve

sys.path.append(str(Path(__file__).parents[2] / "parity"))
from reference import vit_dense  # noqa: E402


def prepare(args):
    from open_clip.tokenizer import SimpleTokenizer

    model, _ = load(args["weights"])
    side = args["side"]
    image = picture(side, side, 1)
    tokens = SimpleTokenizer()([args["template"].replace("{}", name) for name in args["names"]])
    with torch.inference_mode():
        text = F.normalize(model.encode_text(tokens), dim=-1)

    @torch.inference_mode()
    def run():
        cells = vit_dense(model.visual, torch.from_numpy(normalized(image)), "residual")
        scores = (cells @ text.T).permute(2, 0, 1)[None]
        return F.interpolate(scores, (side, side), mode="bilinear", align_corners=False).argmax(1)[0].numpy()

    return {"run": run, "versions": versions(), "threads": THREADS, "note": "the whole volume of scores, inference mode"}


serve(prepare)
