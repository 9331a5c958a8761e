"""waferc.torch.compile, as its users see it: check_torch_ahead.py FOLDER. Names what it checked."""

import pathlib
import subprocess
import sys

import torch
import waferc.torch
from torch import nn

FOLDER = pathlib.Path(sys.argv[1])
OPTIONS = {"mesh": "3x3"}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 8), nn.Linear(8, 3)

    def forward(self, tokens, scale=1.0, *, pair=None):
        hidden = torch.tanh(self.first(tokens)) * scale
        if pair is not None:
            hidden = hidden + pair["a"] - pair["b"][0]
        return {"logits": self.second(hidden), "hidden": (hidden, None), "weight": self.first.weight}


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x):
        self.count += 1
        return x + self.count


def refused(kind, text, call):
    try:
        call()
    except kind as error:
        assert text in str(error), error
        return
    raise AssertionError(f"{text} was expected")


def check_arguments():
    torch.manual_seed(3)
    model = Model()
    x, pair = torch.randn(2, 4), {"a": torch.randn(8), "b": [torch.randn(2, 8)]}
    compiled = waferc.torch.compile(model, (x, 0.5), {"pair": pair}, **OPTIONS)
    result, expected = compiled(x, 0.5, pair=pair), model(x, 0.5, pair=pair)
    assert result["hidden"][1] is None and result["weight"].data_ptr() == model.first.weight.data_ptr()
    torch.testing.assert_close(result["logits"], expected["logits"].detach())
    torch.testing.assert_close(result["hidden"][0], expected["hidden"][0].detach())
    session = waferc.InferenceSession(compiled.program)
    assert [value.name for value in session.get_inputs()] == ["tokens", "pair_a", "pair_b_0"]
    assert [value.name for value in session.get_outputs()] == ["logits", "hidden_0"]
    assert compiled.stats()["cycles"] > 0 and compiled.program.report["mesh"]["width"] == 3
    with torch.no_grad():
        model.second.weight.zero_()  # the program has its own
    torch.testing.assert_close(compiled(x, 0.5, pair=pair)["logits"], expected["logits"].detach())
    refused(ValueError, "0.5", lambda: compiled(x, 0.75, pair=pair))
    refused(ValueError, "of the form", lambda: compiled(x, 0.5))
    refused(waferc.Error, "[WF8008]", lambda: compiled(torch.randn(3, 4), 0.5, pair=pair))
    recurrent = nn.LSTM(4, 5).eval()
    result, expected = waferc.torch.compile(recurrent, (x,), **OPTIONS)(x), recurrent(x)
    torch.testing.assert_close(result, (expected[0].detach(), tuple(state.detach() for state in expected[1])))
    # As many elements as the data say.
    found = waferc.torch.compile(lambda x: x.nonzero(), (x,), **OPTIONS)
    assert torch.equal(found(torch.eye(2, 4)), torch.eye(2, 4).nonzero())
    print("arguments and results")


def check_image():
    x = torch.randn(2, 3)
    compiled = waferc.torch.compile(lambda x, y: x @ y.T, (x, x), **OPTIONS)
    compiled.save(FOLDER / "product.wafer")
    session = waferc.InferenceSession(FOLDER / "product.wafer")
    (y,) = session.run(None, {"x": x, "y": x})
    torch.testing.assert_close(torch.from_numpy(y), x @ x.T)
    again = waferc.torch.compile(lambda x, y: x @ y.T, (x, x), **OPTIONS)
    assert again.program.to_bytes() == compiled.program.to_bytes()  # whatever line it is called from
    print("an image")


def check_refusals():
    x = torch.randn(2, 3)
    refused(waferc.Error, "[WF2001]", lambda: waferc.torch.compile(lambda x: x + torch.rand_like(x), (x,)))
    refused(
        waferc.torch.Unsupported,
        "linalg_eigh",
        lambda: waferc.torch.compile(torch.linalg.eigvalsh, (x @ x.T,)),
    )
    refused(waferc.torch.Unsupported, "trains", lambda: waferc.torch.compile(nn.BatchNorm1d(3), (x,)))
    refused(waferc.torch.Unsupported, "changes count at", lambda: waferc.torch.compile(Counter(), (x,)))
    refused(waferc.torch.Unsupported, "nothing to compute", lambda: waferc.torch.compile(lambda x: x.T, (x,)))
    refused(ValueError, "no option 'mash'", lambda: waferc.torch.compile(torch.relu, (x,), mash="2x2"))
    print("what is refused")


def check_imports():
    code = "import sys, waferc; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    done = subprocess.run(
        [sys.executable, "-m", "waferc", "doctor"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and 'torch.compile works with backend="waferc"' in done.stdout, done
    print("imports and the doctor")


for check in (check_arguments, check_image, check_refusals, check_imports):
    check()
