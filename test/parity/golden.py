"""Small seeded models with float64 answers, for the tests that always run. Run by `npm run fixtures`."""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from draw import redraw, relative_error, smooth_images, spread
from reference import answers
from towers import build, random_tokens, state

TEXT = {"contextLength": 16, "vocabSize": 300, "width": 48, "layers": 2, "heads": 3, "mlpWidth": 96, "endOfText": 299}
VIT = {"kind": "vit", "imageSize": 32, "patchSize": 8, "width": 64, "layers": 3, "heads": 2, "mlpWidth": 128}
RESNET = {"kind": "resnet", "imageSize": 64, "layers": [1, 2, 1, 1], "width": 8, "heads": 4}
CASES = {
    "vit-quick-gelu": {"activation": "quick_gelu", "vision": VIT, "seed": 11},
    "vit-gelu": {"activation": "gelu", "vision": VIT, "seed": 12},
    "resnet": {"activation": "quick_gelu", "vision": RESNET, "seed": 13, "half": True},
}


def config_of(case):
    return {"embedDim": 40, "activation": case["activation"], "layerNormEps": 1e-5, "vision": case["vision"],
            "text": TEXT, "keys": "openai"}


class TanhGelu(torch.nn.Module):
    def forward(self, x):
        return torch.nn.functional.gelu(x, approximate="tanh")


def mutations(config, model):
    """Wrong formulas a port could contain, as (name, function that spoils the model)."""
    def swap(kind):
        def spoil(module):
            for block in module.modules():
                if hasattr(block, "mlp") and hasattr(block.mlp, "gelu"):
                    block.mlp.gelu = kind()
        return spoil

    def eps(module):
        for layer in module.modules():
            if isinstance(layer, torch.nn.LayerNorm):
                layer.eps = 1e-6

    def bias(module):
        with torch.no_grad():
            module.transformer.resblocks[0].mlp.c_proj.bias.zero_()

    other = torch.nn.GELU if config["activation"] == "quick_gelu" else type(None)
    listed = [("tanh-gelu", swap(TanhGelu)), ("layer-norm-eps-1e-6", eps), ("text-bias-dropped", bias)]
    if other is torch.nn.GELU:
        listed.append(("gelu-for-quick-gelu", swap(torch.nn.GELU)))
    else:
        import open_clip.transformer as transformer
        listed.append(("quick-gelu-for-gelu", swap(transformer.QuickGELU)))
    return listed


def write_case(name, case, folder):
    import copy

    config = config_of(case)
    torch.manual_seed(0)
    size = case["vision"]["imageSize"]
    images = smooth_images(4, size, size, case["seed"])
    dense_image = smooth_images(1, 77, 101, case["seed"] + 1)[0]
    model = redraw(build(config).float(), case["seed"], images=smooth_images(16, size, size, case["seed"] + 2))
    tokens = random_tokens(5, TEXT, case["seed"] + 3)
    if case.get("half"):  # also proves that fp16 storage is read
        model = model.half().float()
    weights = {key: value.half() if case.get("half") else value for key, value in state(model).items()}
    exact_model = copy.deepcopy(model).double()
    exact = answers(exact_model, images, tokens, dense_image)
    for key in ("image", "text"):
        assert spread(exact[key]) < 0.99, f"{name}: all {key} rows look alike"
    single = answers(model, images.float(), tokens, dense_image.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = answers(model, images.float(), tokens, dense_image.float())
    spoiled = {}
    for mutation, spoil in mutations(config, model):
        wrong = copy.deepcopy(exact_model)
        spoil(wrong)
        wrong_answers = answers(wrong, images, tokens, dense_image)
        spoiled[mutation] = {key: relative_error(wrong_answers[key], exact[key]) for key in exact}
    save_file(weights, folder / f"{name}.weights.safetensors")
    save_file({"images": images.float(), "dense_image": dense_image.float(), "tokens": tokens.int(),
               **{f"exact.{key}": value.float().contiguous() for key, value in exact.items()}},
              folder / f"{name}.io.safetensors")
    (folder / f"{name}.json").write_text(json.dumps({
        "version": 1, "made by": "npm run fixtures (test/parity/golden.py)", "config": config,
        "float32": {key: relative_error(single[key], exact[key]) for key in exact},
        "bfloat16": {key: relative_error(half[key], exact[key]) for key in exact},
        "mutations": spoiled}, indent=1) + "\n")


def write_hugging_face(folder):
    """A folder as transformers writes it, sharded, with its own answers."""
    from transformers import CLIPConfig, CLIPModel

    target = folder / "huggingface"
    config = CLIPConfig(
        text_config={"vocab_size": 300, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2,
                     "num_attention_heads": 3, "max_position_embeddings": 16, "hidden_act": "quick_gelu",
                     "projection_dim": 40, "eos_token_id": 299, "bos_token_id": 298, "pad_token_id": 0},
        vision_config={"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
                       "image_size": 32, "patch_size": 8, "hidden_act": "quick_gelu", "projection_dim": 40},
        projection_dim=40)
    torch.manual_seed(0)
    model = redraw(CLIPModel(config).float(), 21)
    images, tokens = smooth_images(4, 32, 32, 22), random_tokens(5, TEXT, 23)
    model.save_pretrained(target, max_shard_size="300KB")

    def run(m, x):
        with torch.no_grad():
            vision = m.visual_projection(m.vision_model(pixel_values=x).pooler_output)
            text = m.text_projection(m.text_model(input_ids=tokens).pooler_output)
        return {"image": vision.double(), "text": text.double()}

    single = run(model, images.float())
    exact = run(model.double(), images)
    assert spread(exact["image"]) < 0.99
    save_file({"images": images.float(), "tokens": tokens.int(),
               **{f"exact.{key}": value.float().contiguous() for key, value in exact.items()}},
              folder / "huggingface.io.safetensors")
    (folder / "huggingface.json").write_text(json.dumps({
        "version": 1, "made by": "npm run fixtures (test/parity/golden.py)",
        "float32": {key: relative_error(single[key], exact[key]) for key in exact}}, indent=1) + "\n")


def main(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for name, case in CASES.items():
        write_case(name, case, folder)
    write_hugging_face(folder)


if __name__ == "__main__":
    import sys
    main(sys.argv[1])
