"""What a tower must answer: embeddings by the public implementation, dense features by the formulas of the papers."""
import torch
import torch.nn.functional as F


def position_grid(table, height, width):
    """[1 + n*n, d] -> [1 + height*width, d]: bicubic, align_corners=False, class entry kept (MaskCLIP)."""
    side = int((table.shape[0] - 1) ** 0.5)
    if (height, width) == (side, side):
        return table
    grid = table[1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, (height, width), mode="bicubic", align_corners=False)
    return torch.cat([table[:1], grid.flatten(2)[0].T])


def vit_tokens(visual, images, layers):
    """[n, 3, H, W] -> what so many blocks make of them [n, 1 + h*w, width], and (h, w)."""
    patch = visual.conv1.kernel_size[0]
    height, width = images.shape[2:]
    images = F.pad(images, (0, -width % patch, 0, -height % patch))
    x = visual.conv1(images)
    n, _, h, w = x.shape
    x = x.flatten(2).transpose(1, 2)
    x = torch.cat([visual.class_embedding.expand(n, 1, -1), x], 1) + position_grid(visual.positional_embedding, h, w)
    x = visual.ln_pre(x)
    for block in visual.transformer.resblocks[:layers]:
        x = block(x)
    return x, (h, w)


def vit_features(visual, images, read, layer):
    """[n, 3, H, W] -> [n, h, w, d], of a tower whose last block were `layer` (from 1). cells: ln_post of its tokens. value:
    proj(ln_post(out_proj(v))) of that block. residual: MaskCLIP, the value path with the residual and the MLP."""
    if read == "cells":
        x, (h, w) = vit_tokens(visual, images, layer)
        return visual.ln_post(x[:, 1:]).reshape(len(images), h, w, -1)
    x, (h, w) = vit_tokens(visual, images, layer - 1)
    last = visual.transformer.resblocks[layer - 1]
    d = x.shape[-1]
    u = last.ln_1(x)
    v = F.linear(u, last.attn.in_proj_weight[2 * d :], last.attn.in_proj_bias[2 * d :])
    y = last.attn.out_proj(v)
    if read == "residual":
        y = y + x
        y = y + last.mlp(last.ln_2(y))
    return (visual.ln_post(y[:, 1:]) @ visual.proj).reshape(len(images), h, w, -1)


def vit_dense(visual, image, read):
    """One image [3, H, W] -> [h, w, d], unit cells."""
    return F.normalize(vit_features(visual, image[None], read, len(visual.transformer.resblocks))[0], dim=-1)


def resnet_dense(visual, image):
    """One image [3, H, W] -> [h, w, d], unit cells: c_proj(v_proj(x)) at every cell."""
    x = visual.stem(image[None])
    x = visual.layer4(visual.layer3(visual.layer2(visual.layer1(x))))
    pool = visual.attnpool
    y = pool.c_proj(pool.v_proj(x.permute(0, 2, 3, 1)))
    return F.normalize(y, dim=-1)[0]


@torch.no_grad()
def answers(model, images, tokens, dense_image):
    """Everything that parity compares, in the dtype of the model."""
    dtype = next(model.parameters()).dtype
    visual = model.visual
    out = {
        "image": model.encode_image(images.to(dtype)),
        "text": model.encode_text(tokens),
    }
    if hasattr(visual, "attnpool"):
        out["dense"] = resnet_dense(visual, dense_image.to(dtype))
    else:
        for read in ("value", "residual"):
            out[f"dense_{read}"] = vit_dense(visual, dense_image.to(dtype), read)
    return {name: value.double() for name, value in out.items()}
