"""One reference by the algorithm of methods/reco.md 2.6 and 2.7 as published: the whole affinity matrix, in float32 (--float64: to compare seeds).

official.py FOLDER [--float64]: reads features.f32 [k, h, w, C], clip.f32 [k, h, w, D], text.f32 [D], contexts.f32 [m, C] and shapes.json there;
with the files of --towers (cost.mjs) features are made of images.u8 [k, H, W, 3] in every turn. Writes seeds and seconds as JSON to standard
output, with the peak memory of the process above what it had after a first call of two images.
official.py FOLDER --draw SEED: writes deit.safetensors there, random weights for the config in shapes.json.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import conv2d, interpolate


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


class Towers:
    """timm's DeiT and the trunk of open_clip's ResNet with the value path of its pooling, on pictures of bytes."""

    def __init__(self, folder, shapes, kind):
        bench = Path(__file__).parents[1]
        sys.path += [str(bench / "peers"), str(bench.parent / "parity")]
        import encoders
        import open_clip_model
        from safetensors.torch import load_file

        self.config, self.look = shapes["encoder"], encoders.features
        self.encoder = encoders.build(self.config).eval()
        self.encoder.load_state_dict(load_file(folder / "deit.safetensors"))
        self.clip = open_clip_model.load(shapes["clipWeights"])[0].visual
        self.encoder, self.clip = self.encoder.to(kind), self.clip.to(kind)
        constant = lambda name: torch.tensor(shapes[name], dtype=kind).reshape(2, 1, 3, 1, 1)
        self.encoder_scale, self.clip_scale = constant("encoderNorm"), constant("clipNorm")

    def __call__(self, images):
        pixels = images.permute(0, 3, 1, 2).to(self.encoder_scale.dtype) / 255
        normal = lambda scale: (pixels - scale[0]) / scale[1]
        features = self.look(self.encoder, self.config, normal(self.encoder_scale))
        x = self.clip.stem(normal(self.clip_scale))
        x = self.clip.layer4(self.clip.layer3(self.clip.layer2(self.clip.layer1(x))))
        for part in (self.clip.attnpool.v_proj, self.clip.attnpool.c_proj):
            x = conv2d(x, part.weight[:, :, None, None], part.bias)
        return features, x.permute(0, 2, 3, 1)


def main():
    folder = Path(sys.argv[1])
    shapes = json.loads((folder / "shapes.json").read_text())
    torch.set_num_threads(shapes["threads"])
    if "--draw" in sys.argv:
        return draw(folder, shapes["encoder"], int(sys.argv[-1]))
    kind = torch.float64 if "--float64" in sys.argv else torch.float32
    read = lambda name: torch.from_numpy(np.fromfile(folder / f"{name}.f32", dtype=np.float32).reshape(shapes[name])).to(kind)
    rest = [read(name) for name in ("text", "contexts")]
    if "images" in shapes:
        given = [torch.from_numpy(np.fromfile(folder / "images.u8", dtype=np.uint8).reshape(shapes["images"]))]
        towers = Towers(folder, shapes, kind)
    else:
        given = [read(name) for name in ("features", "clip")]
        towers = lambda *features: features
    with torch.inference_mode():
        reference(*towers(*[tensor[:2] for tensor in given]), *rest)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        seconds = []
        for _ in range(shapes["turns"]):
            began = time.perf_counter()
            seeds, embedding = reference(*towers(*given), *rest)
            seconds.append(time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps({"seeds": seeds.tolist(), "embedding": embedding.tolist(), "seconds": seconds, "peakMB": peak / 1024}))


def draw(folder, config, seed):
    sys.path.append(str(Path(__file__).parents[2] / "parity"))
    import encoders
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    save_file(encoders.state(encoders.build(config)), folder / "deit.safetensors")
    print("{}")


main()
