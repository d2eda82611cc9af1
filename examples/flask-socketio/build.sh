#!/usr/bin/env bash
# Copies the app to OUT_DIR/app and adds the Socket.IO client for browsers, which is not in this repository. The Dockerfile
# and hack/images call it; call it yourself to run the app from a checkout.
set -euo pipefail

if [[ $# -ne 1 ]]; then
    echo "usage: build.sh OUT_DIR" >&2
    exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)/app
rm -rf "$out"
mkdir "$out"
cp -r "$here"/{app.py,emit_from_outside.py,gunicorn.conf.py,requirements.txt,templates,static} "$out"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp "$here"/{package.json,package-lock.json,.npmrc} "$scratch"
npm ci --prefix "$scratch" --ignore-scripts --no-audit --no-fund --silent
cp "$scratch/node_modules/socket.io-client/dist/socket.io.min.js" "$out/static/"
# With mktemp and a strict umask, the image's user could not read the files.
chmod -R u=rwX,go=rX "$out"
