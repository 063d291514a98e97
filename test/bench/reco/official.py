"""One reference by the algorithm of methods/reco.md 2.6 and 2.7 as published: the whole affinity matrix, in float32 (--float64: to compare seeds).

official.py FOLDER [--float64]: reads features.f32 [k, h, w, C], clip.f32 [k, h, w, D], text.f32 [D], contexts.f32 [m, C] and shapes.json there;
writes seeds and seconds as JSON to standard output, with the peak memory of the process above what it had after reading.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import interpolate


def reference(features, clip, text, contexts):
    k, h, w, channels = features.shape
    cells = h * w
    unit = (features / features.norm(dim=-1, keepdim=True)).reshape(k * cells, channels)
    affinity = unit @ unit.T
    attention = torch.sigmoid(10 * (clip / clip.norm(dim=-1, keepdim=True)) @ text)
    weights = interpolate(attention[:, None], size=(h, w), mode="bilinear", align_corners=False).reshape(-1)
    for context in contexts:
        weights = weights * (1 - torch.sigmoid(unit @ context))
    weighted = affinity * weights[None]
    best = []
    for n in range(k):
        start, end = n * cells, (n + 1) * cells
        best.append(weighted[:, start : start + end].max(dim=1).values)
    support = torch.stack(best).mean(dim=0).reshape(k, cells)
    seeds = support.argmax(dim=1)
    mean = features.reshape(k, cells, channels)[torch.arange(k), seeds].mean(dim=0)
    return seeds, mean / mean.norm()


def main():
    folder = Path(sys.argv[1])
    shapes = json.loads((folder / "shapes.json").read_text())
    torch.set_num_threads(shapes["threads"])
    kind = torch.float64 if "--float64" in sys.argv else torch.float32
    read = lambda name: torch.from_numpy(np.fromfile(folder / f"{name}.f32", dtype=np.float32).reshape(shapes[name])).to(kind)
    given = [read(name) for name in ("features", "clip", "text", "contexts")]
    with torch.inference_mode():
        small = [given[0][:2], given[1][:2], *given[2:]]
        reference(*small)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        seconds = []
        for _ in range(shapes["turns"]):
            began = time.perf_counter()
            seeds, embedding = reference(*given)
            seconds.append(time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps({"seeds": seeds.tolist(), "embedding": embedding.tolist(), "seconds": seconds, "peakMB": peak / 1024}))


main()
