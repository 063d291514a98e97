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


def vit_dense(visual, image, residual):
    """One image [3, H, W] -> [h, w, d], unit cells. residual=False: proj(ln_post(out_proj(v))) of the last block;
    residual=True: MaskCLIP, the value path with the residual and the MLP of the last block."""
    patch = visual.conv1.kernel_size[0]
    height, width = image.shape[1:]
    image = F.pad(image, (0, -width % patch, 0, -height % patch))
    x = visual.conv1(image[None])
    h, w = x.shape[2:]
    x = x.flatten(2).transpose(1, 2)
    x = torch.cat([visual.class_embedding.expand(1, 1, -1), x], 1) + position_grid(visual.positional_embedding, h, w)
    x = visual.ln_pre(x)
    *body, last = visual.transformer.resblocks
    for block in body:
        x = block(x)
    d = x.shape[-1]
    u = last.ln_1(x)
    v = F.linear(u, last.attn.in_proj_weight[2 * d :], last.attn.in_proj_bias[2 * d :])
    y = last.attn.out_proj(v)
    if residual:
        y = y + x
        y = y + last.mlp(last.ln_2(y))
    y = visual.ln_post(y[:, 1:]) @ visual.proj
    return F.normalize(y, dim=-1).reshape(h, w, -1)


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
        out["dense_value"] = vit_dense(visual, dense_image.to(dtype), residual=False)
        out["dense_residual"] = vit_dense(visual, dense_image.to(dtype), residual=True)
    return {name: value.double() for name, value in out.items()}
