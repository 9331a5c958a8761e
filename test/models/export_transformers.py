"""Writes decoder.onnx and encoder.onnx, the two small transformers of the model tests.

The files are checked in, so the tests need no torch. To make them again:

    python3 -m venv /tmp/torch && /tmp/torch/bin/pip install torch==2.13.0 onnxscript==0.7.2
    /tmp/torch/bin/python test/models/export_transformers.py

Both have random weights from a fixed seed, of the size trained weights have, so that attention is neither uniform nor
one-hot and an error in any stage shows in the outputs.

decoder  ids int64[1,16] -> logits f32[1,16,256]; GPT-2's block (layer norm first, causal attention, tanh-GELU), two
         layers, embedding tied to the head
encoder  ids int64[1,16], mask int64[1,16] -> hidden f32[1,16,64], pooled f32[1,64]; BERT's block (layer norm last,
         erf-GELU), two layers; mask is 0 where a token is padding
"""

import math
import pathlib

import torch
from torch import nn
from torch.nn import functional

TOKENS = 16
WIDTH = 64
HEADS = 4
VOCABULARY = 256


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)

    def forward(self, x, bias):
        batch, tokens, _ = x.shape
        q, k, v = (
            part.reshape(batch, tokens, HEADS, WIDTH // HEADS).transpose(1, 2)
            for part in self.qkv(x).split(WIDTH, dim=-1)
        )
        scores = q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS) + bias
        mixed = torch.softmax(scores, dim=-1) @ v
        return self.out(mixed.transpose(1, 2).reshape(batch, tokens, WIDTH))


class Mlp(nn.Module):
    def __init__(self, gelu):
        super().__init__()
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)
        self.gelu = gelu

    def forward(self, x):
        return self.down(functional.gelu(self.up(x), approximate=self.gelu))


class DecoderBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention, self.mlp = Attention(), Mlp("tanh")

    def forward(self, x, bias):
        x = x + self.attention(self.norm1(x), bias)
        return x + self.mlp(self.norm2(x))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Embedding(TOKENS, WIDTH)
        self.blocks = nn.ModuleList([DecoderBlock(), DecoderBlock()])
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, ids):
        count = ids.shape[1]
        # A large negative number, not -inf: 0 * inf must not arise where a row is masked whole.
        bias = torch.triu(torch.full((count, count), -1e9), diagonal=1)
        x = self.tokens(ids) + self.positions(torch.arange(count))
        for block in self.blocks:
            x = block(x, bias)
        return functional.linear(self.norm(x), self.tokens.weight)


class EncoderBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention, self.mlp = Attention(), Mlp("none")

    def forward(self, x, bias):
        x = self.norm1(x + self.attention(x, bias))
        return self.norm2(x + self.mlp(x))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Embedding(TOKENS, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.blocks = nn.ModuleList([EncoderBlock(), EncoderBlock()])
        self.pool = nn.Linear(WIDTH, WIDTH)

    def forward(self, ids, mask):
        bias = (1.0 - mask.to(torch.float32))[:, None, None, :] * -1e9
        x = self.norm(self.tokens(ids) + self.positions(torch.arange(ids.shape[1])))
        for block in self.blocks:
            x = block(x, bias)
        return x, torch.tanh(self.pool(x[:, 0]))


def initialise(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2:
                scale = (
                    0.3 if "tokens" in name or "positions" in name else 1.5 / math.sqrt(parameter.shape[1])
                )
                parameter.normal_(0.0, scale, generator=generator)
            elif "norm" in name and name.endswith("weight"):
                parameter.normal_(1.0, 0.2, generator=generator)
            else:
                parameter.normal_(0.0, 0.1, generator=generator)
    return model.eval()


def write(model, path):
    """Without the exporter's notes: stack traces with the paths of a machine, the traced graph."""
    del model.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    path.write_bytes(model.SerializeToString(deterministic=True))
    print(f"{path}: {path.stat().st_size} bytes")


def export(model, arguments, inputs, outputs, path):
    program = torch.onnx.export(
        model,
        arguments,
        dynamo=True,
        external_data=False,
        input_names=inputs,
        output_names=outputs,
        opset_version=20,
    )
    write(program.model_proto, path)


def main():
    folder = pathlib.Path(__file__).parent
    ids = torch.arange(TOKENS)[None]
    export(initialise(Decoder(), 1), (ids,), ["ids"], ["logits"], folder / "decoder.onnx")
    arguments = (ids, torch.ones_like(ids))
    export(
        initialise(Encoder(), 2), arguments, ["ids", "mask"], ["hidden", "pooled"], folder / "encoder.onnx"
    )


if __name__ == "__main__":
    main()
