# One lit suite holds every test: IR tests beside their kind, C++ unit tests (GoogleTest), tool tests and model tests.
import glob
import os
import shutil

import lit.formats

config.name = "waferc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".onnxtxt", ".test"]
config.excludes = ["Inputs", "unit"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.wafer_obj_root, "test")

tools = os.path.join(config.wafer_obj_root, "bin")
config.environment["PATH"] = os.pathsep.join([tools, config.llvm_tools_dir, os.environ["PATH"]])
config.environment["PYTHONPATH"] = os.path.join(config.wafer_obj_root, "python")
# Sanitizers map terabytes of address space and take several times as long: limits of tests must know.
config.environment["WAFER_SANITIZE"] = config.wafer_sanitize
# The Python package is in every build but those with sanitizers (CMakeLists.txt).
if not config.wafer_sanitize:
    config.available_features.add("package")
config.substitutions.append(("%python", os.path.join(config.wafer_src_root, ".venv/bin/python")))
config.substitutions.append(("%root", config.wafer_src_root))
config.substitutions.append(("%build", config.wafer_obj_root))
if config.wafer_ort_ep:
    config.available_features.add("onnxruntime-ep")
else:
    lit_config.note(
        "no execution provider for ONNX Runtime in this build: its tests are skipped (scripts/onnxruntime-headers.sh)"
    )
# Pages are looked at in a browser where there is one; scripts/setup.sh installs it if it can.
if any(shutil.which(name) for name in ("chromium-headless-shell", "chromium", "chromium-browser")):
    config.available_features.add("chromium")
else:
    lit_config.note(
        "no chromium: tests of the report's page in a browser are skipped (apt-get install chromium-headless-shell)"
    )
# waferc.torch is tested where PyTorch is; scripts/setup.sh installs it if it can.
packages = os.path.join(config.wafer_src_root, ".venv/lib/python3*/site-packages")
if all(glob.glob(os.path.join(packages, name)) for name in ("torch", "onnxscript")):
    config.available_features.add("torch")
else:
    lit_config.note("no PyTorch in .venv: tests of waferc.torch are skipped (requirements-torch.txt)")
