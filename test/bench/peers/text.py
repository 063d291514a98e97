"""PyTorch eager: open_clip's text tower, all 77 positions, on tokens that lie ready: {weights, prompts}. The faster of two batches."""
import numpy as np
import torch
from open_clip_model import THREADS, load, versions
from serve import fastest, serve


def prepare(args):
    from open_clip.tokenizer import SimpleTokenizer

    model, _ = load(args["weights"])
    tokens = SimpleTokenizer()(args["prompts"])

    def form(batch):
        @torch.inference_mode()
        def run():
            return np.concatenate([model.encode_text(part).numpy() for part in tokens.split(batch)])

        return run

    note, run = fastest({"batches of 32": form(32), f"one batch of {len(tokens)}": form(len(tokens))})
    return {"run": run, "versions": versions(), "threads": THREADS, "note": f"{note}, inference mode"}


serve(prepare)
