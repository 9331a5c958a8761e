"""PyTorch's fused kernels of nn.TransformerEncoderLayer and nn.MultiheadAttention, in parts.

In inference both modules call one kernel for the whole of the layer, which no exporter knows. As of torch.nn.modules.transformer
and .activation, which say the same in parts when the kernels do not apply.
"""

import torch
from torch.nn import functional as F


def _split_heads(tensor: torch.Tensor, heads: int) -> torch.Tensor:
    """batch x length x (heads * depth) to batch x heads x length x depth."""
    return tensor.unflatten(-1, (heads, -1)).transpose(1, 2)


def _allowed(mask: torch.Tensor | None, kind: int | None) -> torch.Tensor | None:
    """What may be seen, to be stretched to batch x heads x length x length. Masks say what may not, as a boolean or as minus
    infinity; of kind 0 they are length x length, of kind 1 batch x length, of kind 2 have all four dimensions."""
    if mask is None:
        return None
    mask = mask.to(torch.bool).logical_not()
    return mask[:, None, None, :] if kind == 1 else mask


def _attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    heads: int,
    in_weight: torch.Tensor,
    in_bias: torch.Tensor,
    out_weight: torch.Tensor,
    out_bias: torch.Tensor,
    mask: torch.Tensor | None,
    kind: int | None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The result, and the heads' queries and keys."""
    weights, biases = in_weight.chunk(3), in_bias.chunk(3)
    q, k, v = (
        _split_heads(F.linear(x, w, b), heads)
        for x, w, b in zip((query, key, value), weights, biases, strict=True)
    )
    attended = F.scaled_dot_product_attention(q, k, v, attn_mask=_allowed(mask, kind))
    return F.linear(attended.transpose(1, 2).flatten(2), out_weight, out_bias), q, k


def _attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    embed_dim: int,
    num_head: int,
    qkv_weight: torch.Tensor,
    qkv_bias: torch.Tensor,
    proj_weight: torch.Tensor,
    proj_bias: torch.Tensor,
    mask: torch.Tensor | None = None,
    need_weights: bool = True,
    average_attn_weights: bool = True,
    mask_type: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    result, q, k = _attend(
        query, key, value, num_head, qkv_weight, qkv_bias, proj_weight, proj_bias, mask, mask_type
    )
    if not need_weights:
        return result, query.new_empty(0)
    scores = q @ k.transpose(-2, -1) * q.size(-1) ** -0.5
    if (allowed := _allowed(mask, mask_type)) is not None:
        scores = scores.masked_fill(allowed.logical_not(), float("-inf"))
    weights = scores.softmax(-1)
    return result, weights.mean(1) if average_attn_weights else weights


def _encoder_layer(
    src: torch.Tensor,
    embed_dim: int,
    num_heads: int,
    qkv_weight: torch.Tensor,
    qkv_bias: torch.Tensor,
    proj_weight: torch.Tensor,
    proj_bias: torch.Tensor,
    use_gelu: bool,
    norm_first: bool,
    eps: float,
    norm_weight_1: torch.Tensor,
    norm_bias_1: torch.Tensor,
    norm_weight_2: torch.Tensor,
    norm_bias_2: torch.Tensor,
    ffn_weight_1: torch.Tensor,
    ffn_bias_1: torch.Tensor,
    ffn_weight_2: torch.Tensor,
    ffn_bias_2: torch.Tensor,
    mask: torch.Tensor | None = None,
    mask_type: int | None = None,
) -> torch.Tensor:
    def attend(x: torch.Tensor) -> torch.Tensor:
        return _attend(x, x, x, num_heads, qkv_weight, qkv_bias, proj_weight, proj_bias, mask, mask_type)[0]

    def feed(x: torch.Tensor) -> torch.Tensor:
        x = F.linear(x, ffn_weight_1, ffn_bias_1)
        return F.linear(F.gelu(x) if use_gelu else F.relu(x), ffn_weight_2, ffn_bias_2)

    def first(x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, (embed_dim,), norm_weight_1, norm_bias_1, eps)

    def second(x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, (embed_dim,), norm_weight_2, norm_bias_2, eps)

    if norm_first:
        src = src + attend(first(src))
        return src + feed(second(src))
    src = first(src + attend(src))
    return second(src + feed(src))


_PARTS = {
    torch.ops.aten._transformer_encoder_layer_fwd.default: _encoder_layer,
    torch.ops.aten._native_multi_head_attention.default: _attention,
}


def in_parts(exported: torch.export.ExportedProgram) -> torch.export.ExportedProgram:
    """The same program without fused layers; all else stays as it is."""
    if any(node.target in _PARTS for node in exported.graph.nodes):
        return exported.run_decompositions(dict(_PARTS))
    return exported
