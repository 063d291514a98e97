"""Golden answers of DeepLabv3+: forward, gradients and training steps in float64 on formula weights; keys of the full
networks. npm run fixtures."""
import copy
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from deeplab_model import DeepLab, formula_weights, norms
from draw import relative_error, smooth_images

CASES = {
    "deeplab-resnet": {"backbone": "resnet50", "classes": 4, "outputStride": 8, "width": 0.125, "layers": [1, 2, 2, 1]},
    "deeplab-mobilenet": {"backbone": "mobilenet_v2", "classes": 5, "outputStride": 16, "width": 0.25},
}
STEPS, TOTAL = 3, 3
IGNORED = 255


def calibrated(config, images, dtype):
    model = formula_weights(DeepLab(config).float()).to(dtype)
    for norm in norms(model):
        norm.momentum = 1.0
    model.train()
    with torch.no_grad():
        trained = model(images.to(dtype))
    for norm in norms(model):
        norm.momentum = 0.1
    return model.eval(), trained


@torch.no_grad()
def logits(model, images):
    return model(images.to(next(model.parameters()).dtype)).double()


def loss_of(model, images, labels, ignored=IGNORED):
    wide = nn.functional.interpolate(model(images), labels.shape[1:], mode="bilinear", align_corners=False)
    return nn.functional.cross_entropy(wide, labels, ignore_index=ignored)


def digest(tensor):
    values = tensor.detach().double().reshape(-1)
    signs = torch.where(torch.arange(values.numel()) * 7 % 11 < 5, 1.0, -1.0).double()
    return [values.norm().item(), (signs * values).sum().item()]


def digest_error(value, exact):
    pairs = [(a, b) for key in exact for a, b in zip(value[key], exact[key])]
    return (sum((a - b) ** 2 for a, b in pairs) / sum(b**2 for _, b in pairs)) ** 0.5


def gradients(config, images, labels, dtype):
    model = formula_weights(DeepLab(config).float()).to(dtype).train()
    loss = loss_of(model, images.to(dtype), labels)
    loss.backward()
    return {"loss": loss.item(), "gradient": {k: digest(p.grad) for k, p in model.named_parameters()}}


def steps(config, images, labels, dtype, wrong=None):
    """The optimiser and schedule of reco.md 3; `wrong` names a mistake."""
    model = formula_weights(DeepLab(config).float()).to(dtype).train()
    for norm in norms(model.backbone):
        norm.momentum = 0.1 if wrong == "norm-momentum" else 0.01
    head, backbone = (5e-4, 5e-4 if wrong == "one-rate" else 5e-5)
    groups = [{"params": model.backbone.parameters(), "lr": backbone}, {"params": model.classifier.parameters(), "lr": head}]
    kind = torch.optim.AdamW if wrong == "decoupled-decay" else torch.optim.Adam
    optimiser = kind(groups, betas=(0.9, 0.999), weight_decay=0 if wrong == "no-decay" else 2e-4)
    before = {k: p.detach().clone() for k, p in model.named_parameters()}
    losses = []
    for step in range(STEPS):
        if wrong != "no-schedule":
            for group, peak in zip(optimiser.param_groups, (backbone, head)):
                group["lr"] = max(1e-6, peak * (1 - step / TOTAL) ** 0.9)
        optimiser.zero_grad()
        loss = loss_of(model, images.to(dtype), labels)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return {"losses": losses, "moved": {k: digest(p.detach() - before[k]) for k, p in model.named_parameters()},
            "statistics": {k: digest(b) for k, b in model.named_buffers() if "num_batches" not in k}}


def forward_mutations(config):
    def dilated(module, by):
        for conv in module.modules():
            if isinstance(conv, nn.Conv2d) and conv.dilation[0] > 1:
                conv.dilation = conv.padding = (conv.dilation[0] // by, conv.dilation[0] // by)

    def first_blocks(model):
        """Every block of a dilated stage dilates, the first one too."""
        convs = [m for m in model.backbone.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
        for conv, following in zip(convs, convs[1:]):
            if following.dilation > conv.dilation:
                conv.dilation = conv.padding = following.dilation

    def eps(model):
        for norm in norms(model):
            norm.eps = 1e-3

    def relu(model):
        for parent in model.modules():
            for name, child in list(parent.named_children()):
                if isinstance(child, nn.ReLU6):
                    setattr(parent, name, nn.ReLU())

    def corners(model):
        model.classifier.align_corners = True

    mutations = {"no-dilation": lambda m: dilated(m.backbone, 2), "rates-halved": lambda m: dilated(m.classifier, 2),
                 "first-block-dilated": first_blocks, "eps-1e-3": eps, "align-corners": corners}
    if config["backbone"] == "mobilenet_v2":
        mutations["relu-for-relu6"] = relu
    return mutations


def write_case(name, config, folder):
    images = smooth_images(4, 61, 85, 31)
    # Unlike in brightness and contrast: the norm over the pictures' means would otherwise amplify every rounding.
    images = images * torch.tensor([0.5, 1.0, 1.5, 2.0]).view(4, 1, 1, 1) + torch.tensor([-1.0, 0.5, 0.0, 1.0]).view(4, 1, 1, 1)
    generator = torch.Generator().manual_seed(32)
    labels = torch.randint(0, config["classes"], (4, 9, 13), generator=generator).repeat_interleave(7, 1).repeat_interleave(7, 2)
    labels = labels[:, :61, :85].clone()
    labels[:, :, :9] = IGNORED
    labels[2] = IGNORED
    exact_model, exact_trained = calibrated(config, images, torch.float64)
    # The order in memory that ours computes in: PyTorch's sums of it err more, and ReLUs near zero turn over.
    floats = images.float().contiguous(memory_format=torch.channels_last)
    model, trained = calibrated(config, floats, torch.float32)
    exact, single = logits(exact_model, images), logits(model, floats)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = logits(model, floats)
    answers = {"exact.trained": exact_trained, "exact.logits": exact}
    assert relative_error(exact[0], exact[1]) > 0.1, "all pictures look alike"
    spoiled = {}
    for mutation, spoil in forward_mutations(config).items():
        wrong = copy.deepcopy(exact_model)
        spoil(wrong)
        spoiled[mutation] = relative_error(logits(wrong, images), exact)
    exact_gradients, exact_steps = (work(config, images, labels, torch.float64) for work in (gradients, steps))
    single_gradients, single_steps = (work(config, floats, labels, torch.float32) for work in (gradients, steps))
    wrong_steps = {}
    for wrong in ("norm-momentum", "one-rate", "decoupled-decay", "no-decay", "no-schedule"):
        spoiled_steps = steps(config, images, labels, torch.float64, wrong)
        wrong_steps[wrong] = {key: digest_error(spoiled_steps[key], exact_steps[key]) for key in ("moved", "statistics")}
    save_file({"images": images.float().contiguous(), "labels": labels.to(torch.uint8),
               **{key: value.float().contiguous() for key, value in answers.items()}}, folder / f"{name}.io.safetensors")
    (folder / f"{name}.json").write_text(json.dumps({
        "version": 1, "made by": "npm run fixtures (test/parity/deeplab.py)", "config": config,
        "float32": {"logits": relative_error(single, exact), "trained": relative_error(trained, exact_trained),
                    "gradient": digest_error(single_gradients["gradient"], exact_gradients["gradient"]),
                    **{key: digest_error(single_steps[key], exact_steps[key]) for key in ("moved", "statistics")}},
        "bfloat16": {"logits": relative_error(half, exact)}, "mutations": spoiled, "wrongSteps": wrong_steps,
        "gradients": exact_gradients, "steps": exact_steps}) + "\n")


def write_keys(folder):
    full = {"resnet101-27": {"backbone": "resnet101", "classes": 27, "outputStride": 8, "width": 1},
            "mobilenet_v2-19": {"backbone": "mobilenet_v2", "classes": 19, "outputStride": 16, "width": 1}}
    with torch.device("meta"):
        keys = {name: {key: list(value.shape) for key, value in DeepLab(config).state_dict().items()}
                for name, config in full.items()}
    (folder / "deeplab-keys.json").write_text(json.dumps(keys) + "\n")


def main(folder):
    torch.set_num_threads(1)
    folder = Path(folder)
    for name, config in CASES.items():
        write_case(name, config, folder)
    write_keys(folder)


if __name__ == "__main__":
    main(sys.argv[1])
