#!/usr/bin/env bash
# Fetches ONNX Runtime's C headers into .deps/onnxruntime-headers, once. ONNX Runtime's wheels have none, and Debian's
# package is too old for execution providers that compile; the npm package of ONNX Runtime for Unity carries the whole
# set (and libraries for other systems, 150 MB in all, of which the headers are kept).
#
#   WAFER_DEPS_DIR     where they are kept (default: .deps in the checkout)
set -euo pipefail
cd "$(dirname "$0")/.."
deps=${WAFER_DEPS_DIR:-$PWD/.deps}
package=com.github.asus4.onnxruntime version=0.4.9
sum=e59788788818fdde1b2e522e766a21ba0f7d8391de55737abf81e32cc801785d
folder=$deps/onnxruntime-headers

say() { printf '[setup] %s\n' "$*"; }

[ -f "$folder/.$version" ] && exit 0
if ! command -v npm >/dev/null; then
  say "ONNX Runtime's headers come in an npm package, and there is no npm (apt-get install npm); or have the headers of"
  say "ONNX Runtime 1.24 or later at hand, and configure with -DONNXRUNTIME_INCLUDE_DIR=FOLDER"
  exit 1
fi
say "fetching ONNX Runtime's headers ($package $version, 150 MB)"
mkdir -p "$deps"
work=$(mktemp -d "$deps/onnxruntime-headers.XXXXXX")
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "$package@$version" >/dev/null)
archive=$work/$package-$version.tgz
echo "$sum  $archive" | sha256sum --check --quiet
mkdir "$work/headers"
tar -xzf "$archive" -C "$work/headers" --strip-components=7 --no-same-owner \
  'package/Plugins/iOS~/onnxruntime.xcframework/ios-arm64/onnxruntime.framework/Headers'
touch "$work/headers/.$version"
rm -rf "$folder"
mv "$work/headers" "$folder"
