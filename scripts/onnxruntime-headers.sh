#!/usr/bin/env bash
# Fetches ONNX Runtime's C headers into .deps/onnxruntime-headers, once. ONNX Runtime's wheels have none, and Debian's
# package is too old for execution providers that compile; the npm package of ONNX Runtime for Unity carries the whole
# set (and libraries for other systems, 150 MB in all, of which the headers are kept).
#
#   WAFER_DEPS_DIR     where they are kept (default: .deps in the checkout)
#   NPM_REGISTRY       another mirror of the npm registry
set -euo pipefail
cd "$(dirname "$0")/.."
deps=${WAFER_DEPS_DIR:-$PWD/.deps}
package=com.github.asus4.onnxruntime version=0.4.9
sum=e59788788818fdde1b2e522e766a21ba0f7d8391de55737abf81e32cc801785d
url=${NPM_REGISTRY:-https://registry.npmjs.org}/$package/-/$package-$version.tgz
folder=$deps/onnxruntime-headers

say() { printf '[setup] %s\n' "$*"; }

[ "$(cat "$folder/.stamp" 2>/dev/null)" = "$version" ] && exit 0
say "fetching ONNX Runtime's headers ($package $version, 150 MB)"
mkdir -p "$deps"
work=$(mktemp -d "$deps/onnxruntime-headers.XXXXXX")
trap 'rm -rf "$work"' EXIT
if ! python3 -c 'import shutil, sys, urllib.request as u
with u.urlopen(sys.argv[1], timeout=60) as source, open(sys.argv[2], "wb") as file: shutil.copyfileobj(source, file)
' "$url" "$work/package.tgz" 2>"$work/log"; then
  say "$url: $(tail -n 1 "$work/log")"
  say "have the headers of ONNX Runtime 1.24 or later at hand, and configure with -DONNXRUNTIME_INCLUDE_DIR=FOLDER"
  exit 1
fi
echo "$sum  $work/package.tgz" | sha256sum --check --quiet
mkdir "$work/headers"
tar -xzf "$work/package.tgz" -C "$work/headers" --strip-components=7 --no-same-owner \
  'package/Plugins/iOS~/onnxruntime.xcframework/ios-arm64/onnxruntime.framework/Headers'
echo "$version" >"$work/headers/.stamp"
rm -rf "$folder"
mv "$work/headers" "$folder"
