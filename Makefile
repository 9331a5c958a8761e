# The commands a newcomer needs. Each does all the set-up it wants, once.
#   make build   the tools, in build/bin
#   make test    every test
#   make demo    a pretrained model compiled, placed, routed, emulated and held against ONNX Runtime
.PHONY: setup build test demo docs format check-format
export WAFER_DEPS_DIR ?= $(CURDIR)/.deps
export CCACHE_SLOPPINESS = pch_defines,time_macros
BUILD ?= build
CMAKE = .venv/bin/cmake

setup:
	@scripts/setup.sh

$(BUILD)/build.ninja: | setup
	@$(CMAKE) -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release -DWAFER_DEPS_DIR=$(WAFER_DEPS_DIR) \
	  -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 \
	  -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache

build: setup $(BUILD)/build.ninja
	@$(CMAKE) --build $(BUILD)

test: build
	@.venv/bin/python scripts/run-tests.py --build $(BUILD)

demo: build
	@.venv/bin/python python/demo.py --build $(BUILD)

# The reference of dialects, passes and error codes, from their definitions: build/docs.
docs: setup $(BUILD)/build.ninja
	@$(CMAKE) --build $(BUILD) --target mlir-doc
	@.venv/bin/python scripts/error-reference.py $(BUILD)/docs/errors.md
	@echo "$(BUILD)/docs"

format:
	@git ls-files '*.cpp' '*.h' | xargs clang-format-22 -i
	@.venv/bin/ruff format -q scripts test python benchmarks

check-format:
	@git ls-files '*.cpp' '*.h' | xargs clang-format-22 --dry-run -Werror
	@.venv/bin/ruff check -q scripts test python benchmarks && .venv/bin/ruff format -q --check scripts test python benchmarks
