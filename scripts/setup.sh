#!/usr/bin/env bash
# Sets up everything the build and the tests need, once: Debian packages, a Python virtual environment in .venv and
# ONNX's C++ library in .deps. Every step leaves a stamp named after its inputs, so a second run does nothing.
#
#   WAFER_DEPS_DIR     where the ONNX library is built and kept (default: .deps in the checkout)
#   WAFER_TESTS        if not empty, what only tests want too, as far as it can be had (make test)
#   WAFER_SANITIZERS   if not empty, the run-time of sanitizers and libFuzzer too (make sanitize, make fuzz)
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
deps=${WAFER_DEPS_DIR:-$root/.deps}
mkdir -p "$deps"

onnx_version=1.22.0
packages=(libmlir-22-dev mlir-22-tools llvm-22-dev llvm-22-tools clang-22 lld-22 clang-format-22 clang-tidy-22
  ninja-build ccache git libprotobuf-dev protobuf-compiler libgtest-dev nlohmann-json3-dev libcli11-dev libxxhash-dev
  zlib1g-dev libzstd-dev ca-certificates python3 python3-dev python3-venv make)
[ -n "${WAFER_SANITIZERS:-}" ] && packages+=(libclang-rt-22-dev)

say() { printf '[setup] %s\n' "$*"; }

install_packages() {
  local missing=()
  for p in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null 2>&1; then
      sudo=(sudo)
    else
      say "these Debian packages are missing, and neither root nor sudo is at hand:"
      say "  apt-get install --no-install-recommends ${missing[*]}"
      exit 1
    fi
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  "${sudo[@]}" apt-get update -qq
  # sudo drops the caller's environment, so `env` sets it behind sudo.
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >"$deps/apt.log" 2>&1 || {
    tail -n 20 "$deps/apt.log"
    say "apt-get install failed; the whole log is in $deps/apt.log"
    say "LLVM 22 is in Debian 12's security archive: is bookworm-security among apt's sources?"
    exit 1
  }
}

# For tests of the report's page (20 seconds, 90 MB); without it they are skipped, so a system that has none will do.
install_browser() {
  local stamp=$deps/.browser name
  for name in chromium-headless-shell chromium chromium-browser; do
    command -v "$name" >/dev/null && return 0
  done
  [ -f "$stamp" ] && return 0
  touch "$stamp" # tried once
  local sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo -n)
  say "installing chromium-headless-shell, for tests of the report's page"
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    chromium-headless-shell >"$deps/apt-browser.log" 2>&1 ||
    say "it cannot be had ($deps/apt-browser.log): these tests will be skipped"
}

install_wheels() {
  local stamp=.venv/.stamp want
  want=$(cat requirements.txt requirements-models.txt | sha256sum | cut -d' ' -f1)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && return 0
  say "making the Python environment .venv"
  [ -x .venv/bin/python ] || python3 -m venv .venv
  .venv/bin/pip install -q --disable-pip-version-check -r requirements.txt
  .venv/bin/pip install -q --disable-pip-version-check --no-deps -r requirements-models.txt
  echo "$want" >"$stamp"
}

# For tests of waferc.torch (a minute, 700 MB); without it they are skipped, so a system that cannot have it will do.
install_torch() {
  local stamp=.venv/.stamp-torch want
  want=$(sha256sum <requirements-torch.txt | cut -d' ' -f1)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && return 0
  say "installing PyTorch, for tests of waferc.torch"
  # PyTorch's own index has the build without CUDA.
  if .venv/bin/pip install -q --disable-pip-version-check --retries 1 --no-deps \
    --extra-index-url https://download.pytorch.org/whl/cpu -r requirements-torch.txt >"$deps/torch.log" 2>&1; then
    echo "$want" >"$stamp"
  else
    say "it cannot be had ($deps/torch.log): these tests will be skipped"
  fi
}

build_onnx() {
  local stamp=$deps/onnx-$onnx_version/.stamp
  [ -f "$stamp" ] && return 0
  say "building ONNX $onnx_version's C++ library (2-3 minutes)"
  local work=$deps/onnx-build
  rm -rf "$work" && mkdir -p "$work/src"
  .venv/bin/pip download -q --disable-pip-version-check --no-deps --no-binary onnx -d "$work" "onnx==$onnx_version"
  tar -xzf "$work/onnx-$onnx_version.tar.gz" -C "$work/src" --strip-components=1
  # Lite protobuf and hidden symbols let the library live in one process with `import onnx`.
  .venv/bin/cmake -S "$work/src" -B "$work/build" -G Ninja \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$deps/onnx-$onnx_version" \
    -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 \
    -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -DONNX_BUILD_PYTHON=OFF -DONNX_BUILD_TESTS=OFF -DONNX_USE_PROTOBUF_SHARED_LIBS=ON -DONNX_USE_LITE_PROTO=ON \
    -DONNX_INSTALL=ON -DONNX_GEN_PB_TYPE_STUBS=OFF \
    -DCMAKE_CXX_VISIBILITY_PRESET=hidden -DCMAKE_POSITION_INDEPENDENT_CODE=ON >"$work/cmake.log" 2>&1 &&
    .venv/bin/cmake --build "$work/build" --target install >"$work/build.log" 2>&1 || {
      tail -n 20 "$work/cmake.log" "$work/build.log" 2>/dev/null
      say "building ONNX failed; the logs are in $work"
      exit 1
    }
  rm -rf "$work"
  touch "$stamp"
}

# For tests of the execution provider (150 MB to fetch, 1 MB to keep); without them they are skipped.
install_onnxruntime_headers() {
  scripts/onnxruntime-headers.sh || say "ONNX Runtime's headers cannot be had: tests of its execution provider are skipped"
}

install_packages
install_wheels
build_onnx
if [ -n "${WAFER_TESTS:-}" ]; then
  install_browser
  install_torch
  install_onnxruntime_headers
fi
