# The commands a newcomer needs. Each does all the set-up it wants, once.
#   make build   the tools, in build/bin
#   make test    every test
#   make demo    a pretrained model compiled, placed, routed, emulated and held against ONNX Runtime
#   make ep      the execution provider for ONNX Runtime, too (docs/onnxruntime.md)
# And those that look for what tests miss (docs/robustness.md):
#   make sanitize            every quick test with ASan and UBSan
#   make fuzz FUZZ_RUNS=N    N made-up inputs for each fuzz target
#   make random-programs N=N N random programs on the emulator and the reference engine (docs/reference-engine.md)
.PHONY: setup setup-tests build test demo ep docs format check-format setup-sanitize build-sanitize sanitize fuzz random-programs
export WAFER_DEPS_DIR ?= $(CURDIR)/.deps
export CCACHE_SLOPPINESS = pch_defines,time_macros
BUILD ?= build
CMAKE = .venv/bin/cmake
CONFIGURE = $(CMAKE) -S . -G Ninja -DCMAKE_BUILD_TYPE=Release -DWAFER_DEPS_DIR=$(WAFER_DEPS_DIR) \
  -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 \
  -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache
SANITIZE_BUILD ?= build-sanitize
FUZZ_RUNS ?= 20000
FUZZ_TARGETS ?=

setup:
	@scripts/setup.sh

# What only tests want: a browser, PyTorch, ONNX Runtime's headers.
setup-tests:
	@WAFER_TESTS=1 scripts/setup.sh

# ONNX Runtime's headers are found when the build is configured.
$(BUILD)/build.ninja: $(wildcard $(WAFER_DEPS_DIR)/onnxruntime-headers/.stamp) | setup
	@$(CONFIGURE) -B $(BUILD)

build: setup $(BUILD)/build.ninja
	@$(CMAKE) --build $(BUILD)

test: setup-tests build
	@.venv/bin/python scripts/run-tests.py --build $(BUILD)

demo: build
	@.venv/bin/python python/demo.py --build $(BUILD)

ep: setup
	@scripts/onnxruntime-headers.sh
	@$(CONFIGURE) -B $(BUILD)
	@$(CMAKE) --build $(BUILD) --target python-package
	@echo "$(BUILD)/python/onnxruntime_ep_waferc"

setup-sanitize:
	@WAFER_SANITIZERS=1 scripts/setup.sh

$(SANITIZE_BUILD)/build.ninja: | setup-sanitize
	@$(CONFIGURE) -B $(SANITIZE_BUILD) -DWAFER_SANITIZE=address,undefined -DWAFER_FUZZ=ON

build-sanitize: setup-sanitize $(SANITIZE_BUILD)/build.ninja
	@$(CMAKE) --build $(SANITIZE_BUILD)

# Whole models take too long with sanitizers; everything else runs.
sanitize: build-sanitize
	@.venv/bin/python scripts/run-tests.py --build $(SANITIZE_BUILD) '--filter-out=^waferc :: models/'

fuzz: build-sanitize
	@.venv/bin/python scripts/fuzz.py --build $(SANITIZE_BUILD) --runs $(FUZZ_RUNS) $(FUZZ_TARGETS)

N ?= 10000
random-programs: setup $(BUILD)/build.ninja
	@$(CMAKE) --build $(BUILD) --target random-programs
	@$(BUILD)/bin/random-programs --count $(N)

# The reference of dialects and passes, from their definitions: build/docs.
docs: setup $(BUILD)/build.ninja
	@$(CMAKE) --build $(BUILD) --target mlir-doc
	@echo "$(BUILD)/docs"

format:
	@git ls-files '*.cpp' '*.h' | xargs clang-format-22 -i
	@.venv/bin/ruff format -q scripts test python benchmarks

check-format:
	@git ls-files '*.cpp' '*.h' | xargs clang-format-22 --dry-run -Werror
	@.venv/bin/ruff check -q scripts test python benchmarks && .venv/bin/ruff format -q --check scripts test python benchmarks
