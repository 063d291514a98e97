"""Random weights and images on which a wrong formula shows (default initialisation hides most mistakes)."""
import torch


def redraw(model, seed, images=None):
    """Draw every parameter again: gains N(1, .1), biases N(0, .1), embeddings small (so that a wrong LayerNorm epsilon
    shows), matrices N(0, 1/fan_in). BatchNorm statistics come from one pass over `images`."""
    generator = torch.Generator().manual_seed(seed)

    def normal(shape, mean, std):
        return torch.randn(shape, generator=generator, dtype=torch.float64) * std + mean

    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            leaf = name.rsplit(".", 1)[-1]
            if "logit_scale" in name:
                value = torch.full(parameter.shape, 3.9, dtype=torch.float64)
            elif parameter.ndim <= 1 and leaf == "weight":
                value = normal(parameter.shape, 1.0, 0.1)
            elif leaf in ("cls_token", "dist_token", "register_tokens", "mask_token", "pos_embed") or name == "patch_embed.proj.bias":
                value = normal(parameter.shape, 0.0, 0.02)
            elif leaf in ("bias", "in_proj_bias"):
                value = normal(parameter.shape, 0.0, 0.1)
            elif name == "patch_embed.proj.weight":
                value = normal(parameter.shape, 0.0, 0.03 * parameter[0].numel() ** -0.5)
            elif leaf == "gamma":
                value = normal(parameter.shape, 1.0, 0.1)
            elif "embedding" in name and "patch" not in name and "conv1" not in name:
                value = normal(parameter.shape, 0.0, 0.02)
            elif name.endswith("conv1.weight") and parameter.shape[-1] >= 4 or "patch_embedding" in name:
                fan_in = parameter[0].numel()
                value = normal(parameter.shape, 0.0, 0.1 * fan_in**-0.5)
            else:
                fan_in = parameter[0].numel() if parameter.ndim > 1 else 1
                value = normal(parameter.shape, 0.0, fan_in**-0.5)
            parameter.copy_(value)
        norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        if norms and images is not None:
            for norm in norms:
                norm.reset_running_stats()
                norm.momentum = None
                norm.train()
            model.encode_image(images.to(next(model.parameters()).dtype))
            for norm in norms:
                norm.eval()
                norm.momentum = 0.1
    return model.eval()


def smooth_images(count, height, width, seed):
    """[count, 3, height, width] normalised images, smooth as photographs are, each unlike the others."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn((count, 3, 6, 6), generator=generator, dtype=torch.float64)
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic", align_corners=True).contiguous()


def spread(embeddings):
    """Largest cosine between two different rows: a parity figure means nothing when all rows look alike."""
    rows = torch.nn.functional.normalize(embeddings.double(), dim=-1)
    cosines = rows @ rows.T - 2 * torch.eye(len(rows), dtype=rows.dtype)
    return cosines.max().item()


def relative_error(value, exact):
    return ((value.double() - exact).norm() / exact.norm()).item()
