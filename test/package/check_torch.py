"""torch.compile(backend="waferc") against PyTorch itself: check_torch.py NAME ... Names what it checked."""

import sys
import warnings

import torch
from torch import nn

assert "waferc" not in sys.modules  # the backend is found by its entry point
OPTIONS = {"mesh": "4x4", "disk_cache": False, "count_cycles": False}


def compiled(call, **arguments):
    return torch.compile(call, backend="waferc", options=OPTIONS, **arguments)


def same(result, expected, tolerance=1e-5):
    torch.testing.assert_close(result, expected, rtol=tolerance, atol=tolerance)


def graphs_of(call):
    """What a call returns, the graphs that it made, and the warnings that it gave."""
    import waferc.torch

    before = set(waferc.torch.graphs())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    told = [str(w.message) for w in caught if issubclass(w.category, waferc.torch.FallbackWarning)]
    return result, [graph for graph in waferc.torch.graphs() if graph not in before], told


def on_wafer(call):
    """What a call returns, whose graphs are programs one and all, and these graphs."""
    result, graphs, told = graphs_of(call)
    assert graphs and not told and all(graph.program for graph in graphs), (told, graphs)
    return result, graphs


class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.second, self.last = nn.Conv2d(4, 6, 3, stride=2), nn.Linear(6, 3)

    def forward(self, x):
        x = torch.nn.functional.max_pool2d(torch.relu(self.norm(self.first(x))), 2)
        return self.last(torch.relu(self.second(x)).mean((2, 3))).softmax(-1)


@torch.inference_mode()
def check_convolutions():
    import torch._dynamo.backends.registry

    assert "waferc" in torch._dynamo.list_backends()
    torch.manual_seed(1)
    model = Convolutions().eval()
    x = torch.randn(2, 1, 12, 12)
    fast = compiled(model)
    result, (graph,) = on_wafer(lambda: fast(x))
    same(result, model(x))
    assert graph.program.report["mesh"] == {"width": 4, "height": 4}
    x = x.to(memory_format=torch.channels_last)[:, :, ::2, :].contiguous()[..., ::2]  # not dense
    same(fast(x), model(x))


@torch.no_grad()
def check_transformer():
    torch.manual_seed(2)
    model = nn.TransformerEncoderLayer(16, 2, 24, batch_first=True, activation="gelu").eval()
    x, mask = torch.randn(1, 5, 16), torch.tensor([[False, False, False, True, False]])
    fast = compiled(lambda x, mask: model(x, src_key_padding_mask=mask))
    result, graphs = on_wafer(lambda: fast(x, mask))
    same(result, model(x, src_key_padding_mask=mask))
    assert len(graphs) == 1


@torch.no_grad()
def check_break():
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(4, 5), nn.Linear(5, 2)

        def forward(self, x):
            x = torch.relu(self.first(x))
            if x.sum() > 1e9:  # is run by PyTorch
                return x
            return self.second(x)

    model = Broken()
    x = torch.randn(3, 4)
    result, graphs, told = graphs_of(lambda: compiled(model)(x))
    same(result, model(x))
    assert len(graphs) == 2 and all(graph.program for graph in graphs)
    (text,) = told
    assert "check_torch.py:" in text and "a branch on the value of a tensor" in text, text


@torch.no_grad()
def check_refused():
    """One warning, with the reason; what is computed is PyTorch's."""

    def call(x):
        return torch.relu(x) + torch.randn_like(x) * 0

    fast = compiled(call, dynamic=False)
    x = torch.randn(3, 4)
    result, graphs, told = graphs_of(lambda: [fast(x), fast(x), fast(x[:2])][0])
    same(result, torch.relu(x))
    assert len(told) == 1 and "[WF2001]" in told[0] and "randn_like" in told[0] and "hint:" in told[0], told
    assert len(graphs) == 2 and all(graph.fallback and graph.program is None for graph in graphs)
    # Statistics that are counted are not lost.
    trained, expected = nn.BatchNorm1d(4), nn.BatchNorm1d(4)
    _, _, told = graphs_of(lambda: compiled(trained)(x))
    expected(x)
    same(trained.state_dict(), expected.state_dict())
    assert len(told) == 1 and "module.eval()" in told[0], told
    # Something that the exporter does not know.
    result, graphs, told = graphs_of(lambda: compiled(lambda x: torch.linalg.eigvalsh(x))(x @ x.T))
    same(result, torch.linalg.eigvalsh(x @ x.T))
    assert len(told) == 1 and "linalg_eigh" in told[0], told


def check_gradients():
    model = nn.Linear(4, 2)
    fast = compiled(model)
    x = torch.randn(3, 4)
    result, _, told = graphs_of(lambda: fast(x))
    result.sum().backward()
    assert model.weight.grad is not None and len(told) == 1 and "torch.no_grad()" in told[0], told
    with torch.no_grad():
        result, _ = on_wafer(lambda: fast(x))
        same(result, model(x))


@torch.no_grad()
def check_shapes():
    """The first change of a dimension makes Dynamo's graph dynamic; programs are still for one shape."""
    model = nn.Sequential(nn.Linear(6, 4), nn.Flatten(0), nn.ReLU())
    fast = compiled(model)
    for batch in (2, 3, 5, 3):
        x = torch.randn(batch, 6)
        same(fast(x), model(x))
    fast = compiled(model, dynamic=True)
    _, (graph,) = on_wafer(lambda: [fast(torch.randn(batch, 6)) for batch in (2, 3, 2)])
    assert graph.compilations == 2


@torch.no_grad()
def check_weights():
    """However parameters change, the result is that of the new ones."""
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)).eval()
    x = torch.randn(2, 4)
    fast = compiled(model)
    _, (graph,) = on_wafer(lambda: (fast(x), fast(x)))
    assert graph.compilations == 1
    model[0].weight.mul_(2)
    same(fast(x), model(x))
    model[0].bias.data = torch.ones(3)
    same(fast(x), model(x))
    model[1].running_mean.numpy()[:] = 3
    same(fast(x), model(x))
    model[0].weight = nn.Parameter(torch.randn(3, 4))
    same(fast(x), model(x))
    assert graph.compilations <= 5
    for _ in range(4):  # it is an input by now
        model[0].weight.add_(1)
        same(fast(x), model(x))
    assert graph.compilations <= 6, graph.compilations


@torch.no_grad()
def check_types():
    def call(x, y):
        return x * 2 + y, x > y

    for dtype in (torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.float64):
        x, y = torch.arange(6).reshape(2, 3).to(dtype), torch.full((3,), 3).to(dtype)
        result, _ = on_wafer(lambda x=x, y=y: compiled(call, dynamic=False)(x, y))
        same(result, call(x, y))
    x = torch.tensor([True, False])
    result, _ = on_wafer(lambda: compiled(lambda x: (~x, x.sum()))(x))
    same(result, (~x, x.sum()))
    # Larger than the machine's numbers: known at the run, and PyTorch's then.
    fast, large = compiled(lambda x: x + 1), torch.tensor([1 << 40])
    same(fast(torch.tensor([1])), torch.tensor([2]))
    result, _, told = graphs_of(lambda: fast(large))
    same(result, large + 1)
    assert len(told) == 1 and "[WF8009]" in told[0], told
    fast = compiled(lambda x, n, f: x * n + f)
    x = torch.ones(3)
    for n, f in ((2, 0.5), (3, 0.5), (4, 1.5), (4, 2.5)):
        same(fast(x, n, f), x * n + f)


@torch.no_grad()
def check_results():
    """Views, changes in place, and structures come out as PyTorch's."""

    class State(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("seen", torch.zeros(3))

        def forward(self, x):
            self.seen += x.sum(0)
            y = x + self.seen
            return {
                "y": y,
                "turned": y.t(),
                "none": None,
                "x": x,
                "tail": x[1:],
                "size": x.shape[0],
                "wide": y[:, :1].expand(-1, 4),
            }

    state, other = State(), State()
    fast = compiled(state)
    x = torch.randn(2, 3)
    for _ in range(2):
        (result, graphs, told), expected = graphs_of(lambda: fast(x)), other(x)
        assert not told and all(graph.program and graph.compilations == 1 for graph in graphs)
        same(result, expected)
        same(state.seen, other.seen)
        assert result["turned"].stride() == expected["turned"].stride()
        for value in (result, expected):
            value["y"][0, 1] = 7
            assert value["turned"][1, 0] == 7 and value["x"] is x
        result["tail"][0] = 5
        assert (x[1] == 5).all()

    def change(x, y):
        x.add_(1)
        return x, x[1:], (x + y).t()[None].expand(2, -1, -1)

    def change_only(x):
        x.mul_(3)

    y = torch.zeros(3, 2)
    (same_one, rest, sums), _ = on_wafer(lambda: compiled(change)(y, torch.ones(2)))
    assert same_one is y and (y == 1).all() and rest.data_ptr() == y[1:].data_ptr() and (sums == 2).all()
    assert sums.stride() == (0, 1, 2)
    on_wafer(lambda: compiled(change_only)(y))
    assert (y == 3).all()
    x = torch.ones(3, 2)
    same(compiled(lambda x, y: (x.add_(1), y + 1)[1])(x, x[0]), torch.full((2,), 3.0))  # one memory
    view, graphs, told = graphs_of(lambda: compiled(lambda x: x.t())(x))  # nothing to compute
    assert view.data_ptr() == x.data_ptr() and not told


def check_options():
    """What is not understood is an error, and no reason to fall back."""

    def raised(**arguments):
        try:
            torch.compile(torch.relu, backend="waferc", **arguments)(torch.ones(2))
        except RuntimeError as error:
            return str(error)
        except sys.modules["waferc"].Error as error:
            return error.code
        raise AssertionError("it is refused")

    text = raised(options={"mash": "2x2"})
    assert "no option 'mash'" in text and "mesh" in text and "largest_region" in text, text
    assert "no mode 'max-autotune'" in raised(mode="max-autotune")
    assert raised(options={"mesh": "nonsense"}) == "WF8001"
    small = {**OPTIONS, "target": "wse3", "mesh": "2x1"}
    _, (graph,) = on_wafer(lambda: torch.compile(torch.relu, backend="waferc", options=small)(torch.ones(2)))
    report = graph.program.report
    assert report["mesh"] == {"width": 2, "height": 1} and report["target"]["name"] == "wse3", report


for name in sys.argv[1:]:
    globals()[f"check_{name}"]()
    torch._dynamo.reset()
    print(name)
