"""PyTorch eager: open_clip's image tower on normalised pixels that lie ready: {weights, batch, side}. The faster of two layouts."""
import copy

import numpy as np
import torch
from data import normalized, picture
from open_clip_model import THREADS, load, versions
from serve import fastest, serve


def prepare(args):
    model, _ = load(args["weights"])
    side = args["side"]
    pixels = torch.from_numpy(np.stack([normalized(picture(side, side, i + 1)) for i in range(args["batch"])]))

    def form(layout):
        visual, images = copy.deepcopy(model.visual).to(memory_format=layout), pixels.to(memory_format=layout)

        @torch.inference_mode()
        def run():
            return visual(images).numpy()

        return run

    note, run = fastest({"contiguous": form(torch.contiguous_format), "channels last": form(torch.channels_last)})
    return {"run": run, "versions": versions(), "threads": THREADS, "note": f"{note}, inference mode"}


serve(prepare)
