"""Models that carry what was compiled: context.py FOLDER."""

import os
import pathlib
import shutil
import sys

import numpy as np
import onnx
import onnxruntime as ort
from models import FLOAT, info, mlp, model, node, refused, same, session_options, wafer, weights

sys.stdout.reconfigure(line_buffering=True)
FOLDER = pathlib.Path(sys.argv[1])


def carriers(path):
    """The EPContext nodes of a model, and what they say."""
    return [
        {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in found.attribute}
        for found in onnx.load(path).graph.node
        if found.op_type == "EPContext"
    ]


def split():
    """Two parts around a node of the CPU."""
    return model(
        [
            node("MatMul", ["x", "w"], ["a"], "matmul"),
            node("RandomNormalLike", ["a"], ["r"], "noise"),
            node("Mul", ["r", "zero"], ["s"], "silence"),
            node("Add", ["a", "s"], ["y"], "join"),
        ],
        [info("x", FLOAT, [2, 16])],
        [info("y", FLOAT, [2, 5])],
        {"w": weights(16, 5), "zero": np.zeros((2, 5), np.float32)},
    )


def make(name, proto, embed, strict=True, **entries):
    folder = FOLDER / name
    folder.mkdir()
    onnx.save(proto, folder / "model.onnx")
    settings = {"ep__context_enable": "1", "ep__context_embed_mode": embed, **entries}
    wafer(folder / "model.onnx", strict=strict, **settings)
    return folder


def embedded_and_beside():
    for embed in ("0", "1"):
        proto = mlp()
        folder = make(f"whole{embed}", proto, embed)
        (carrier,) = carriers(folder / "model_ctx.onnx")
        images = sorted(path.name for path in folder.glob("*.wafer"))
        assert carrier["source"] == b"WaferExecutionProvider" and carrier["embed_mode"] == int(embed)
        content = carrier["ep_cache_context"]
        assert content.startswith(b"WAFERIMG") if embed == "1" else [content.decode()] == images, (
            images,
            content[:80],
        )
        assert not onnx.load(folder / "model_ctx.onnx").graph.initializer  # weights are in the image
        # Elsewhere, without the model it was made of, and on a mesh that nothing would fit: nothing is compiled.
        moved = FOLDER / f"moved{embed}"
        moved.mkdir()
        for path in [folder / "model_ctx.onnx", *folder.glob("*.wafer")]:
            shutil.copy(path, moved)
        session = wafer(moved / "model_ctx.onnx", {"mesh": "1x1"})
        same(session, proto, {"x": weights(2, 16)})
        same(session, proto, {"x": weights(2, 16)})


def several_parts():
    proto = split()
    folder = make("split", proto, "0", strict=False, ep__context_node_name_prefix="p/")
    assert len(carriers(folder / "model_ctx.onnx")) == 2 == len(list(folder.glob("*_p_*.wafer")))
    same(wafer(folder / "model_ctx.onnx", strict=False), proto, {"x": weights(2, 16)})


def another_path():
    proto = mlp()
    (FOLDER / "out").mkdir()
    make("another", proto, "0", ep__context_file_path=str(FOLDER / "out" / "compiled.onnx"))
    assert [path.name.startswith("compiled_") for path in (FOLDER / "out").glob("*.wafer")] == [True]
    same(wafer(FOLDER / "out" / "compiled.onnx"), proto, {"x": weights(2, 16)})
    # From memory, there is only that path to say where images are.
    data = onnx.load(FOLDER / "out" / "compiled.onnx")
    refused(lambda: wafer(data), "set ep.context_file_path")
    same(wafer(data, ep__context_file_path=str(FOLDER / "out" / "any.onnx")), proto, {"x": weights(2, 16)})


def the_model_compiler():
    proto = mlp()
    compiler = ort.ModelCompiler(
        session_options(), proto.SerializeToString(), embed_compiled_data_into_model=True
    )
    data = compiler.compile_to_bytes()
    same(wafer(onnx.load_from_string(data)), proto, {"x": weights(2, 16)})


def renamed_values():
    """Who edits the model gives values other names; the image keeps its own."""
    proto = mlp()
    folder = make("renamed", proto, "1")
    edited = onnx.load(folder / "model_ctx.onnx")
    (found,) = edited.graph.node
    found.input[0] = edited.graph.input[0].name = "other x"
    found.output[0] = edited.graph.output[0].name = "other y"
    x = weights(2, 16)
    (want,) = ort.InferenceSession(proto.SerializeToString()).run(None, {"x": x})
    np.testing.assert_allclose(wafer(edited).run(["other y"], {"other x": x})[0], want, rtol=1e-4, atol=1e-5)


def what_cannot_be_carried():
    refused(lambda: make("open", mlp(batch="n"), "1"), "needs fixed shapes", "free dimension overrides")


def spoilt_images():
    """What a model carries is checked as any image is, and is looked for in the model's folder alone."""
    folder = make("spoilt", mlp(), "0")
    (image,) = folder.glob("*.wafer")
    good = image.read_bytes()

    def load(context=None, notes=None):
        edited = onnx.load(folder / "model_ctx.onnx")
        for attribute in edited.graph.node[0].attribute:
            if attribute.name == "ep_cache_context" and context is not None:
                attribute.s = context.encode()
            if attribute.name == "notes" and notes is not None:
                attribute.s = notes
        onnx.save(edited, folder / "edited.onnx")
        return wafer(folder / "edited.onnx")

    load()
    image.write_bytes(good[: len(good) // 2])
    refused(load, "[WF6")
    image.write_bytes(good[:200] + bytes(100) + good[300:])
    refused(load, "[WF6")
    image.unlink()
    refused(load, "[WF6002]")
    (FOLDER / "elsewhere.wafer").write_bytes(good)
    os.symlink(FOLDER / "elsewhere.wafer", folder / "link.wafer")
    for path in (
        "../elsewhere.wafer",
        str(FOLDER / "elsewhere.wafer"),
        "link.wafer",
        "a/../../elsewhere.wafer",
        "",
    ):
        refused(lambda path=path: load(path), "not below the folder of its model")
    image.write_bytes(good)
    for notes in (b"", b"1:x", b"1:x99:y", b"nonsense", b"1:x1:y1:z", b"18446744073709551615:x"):
        refused(lambda notes=notes: load(notes=notes), "notes")


for test in (
    embedded_and_beside,
    several_parts,
    another_path,
    the_model_compiler,
    renamed_values,
    what_cannot_be_carried,
    spoilt_images,
):
    test()
    print(test.__name__.replace("_", " "))
