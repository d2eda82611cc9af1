#!/usr/bin/env bash
# Puts everything that runs into OUT_DIR/app, the Socket.IO client for browsers included (it is not kept in this
# repository). The Dockerfile and hack/images call it; to run the app from a checkout, do so too.
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
# mktemp and a strict umask would lock out the image's own user.
chmod -R u=rwX,go=rX "$out"
