"""open_clip with the weights and the config that ours was saved with."""
import json
import sys
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

sys.path.append(str(Path(__file__).parents[2] / "parity"))
from towers import build  # noqa: E402

THREADS = torch.get_num_threads()


def versions():
    import open_clip

    return {"torch": torch.__version__, "open_clip": open_clip.__version__}


def load(weights):
    with safe_open(weights, "pt") as file:
        config = json.loads(file.metadata()["wordmask.clip"])["config"]
    model = build(config).eval()
    missing, unexpected = model.load_state_dict(load_file(weights), strict=False)
    lost = [key for key in missing if not key.endswith(("attn_mask", "num_batches_tracked"))]
    if lost or unexpected:
        raise ValueError(f"the weights of {weights} do not fit open_clip: missing {lost}, unexpected {unexpected}")
    return model, config
