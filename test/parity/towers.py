"""open_clip models from a config of ours (the camelCase fields of binding.d.ts)."""
import open_clip
import torch


def build(config):
    vision = config["vision"]
    text = config["text"]
    if vision["kind"] == "vit":
        vision_cfg = {
            "image_size": vision["imageSize"], "patch_size": vision["patchSize"], "width": vision["width"],
            "layers": vision["layers"], "head_width": vision["width"] // vision["heads"],
            "mlp_ratio": vision["mlpWidth"] / vision["width"],
        }
    else:
        vision_cfg = {
            "image_size": vision["imageSize"], "layers": tuple(vision["layers"]), "width": vision["width"],
            "head_width": vision["width"] * 32 // vision["heads"], "patch_size": None,
        }
    text_cfg = {
        "context_length": text["contextLength"], "vocab_size": text["vocabSize"], "width": text["width"],
        "heads": text["heads"], "layers": text["layers"], "mlp_ratio": text["mlpWidth"] / text["width"],
    }
    quick = config["activation"] == "quick_gelu"
    return open_clip.model.CLIP(config["embedDim"], vision_cfg, text_cfg, quick_gelu=quick)


def random_tokens(count, text, seed):
    """Zero-padded rows: start, some ids, end (the largest id)."""
    generator = torch.Generator().manual_seed(seed)
    vocabulary, context = text["vocabSize"], text["contextLength"]
    tokens = torch.zeros(count, context, dtype=torch.long)
    for row in tokens:
        length = int(torch.randint(1, context - 2, (1,), generator=generator))
        row[0] = vocabulary - 2
        row[1 : 1 + length] = torch.randint(1, vocabulary - 2, (length,), generator=generator)
        row[1 + length] = vocabulary - 1
    return tokens


def state(model):
    """Keys as OpenAI names them; buffers that are no weights left out."""
    return {k: v.float().contiguous() for k, v in model.state_dict().items()
            if not k.endswith(("attn_mask", "num_batches_tracked"))}
