#!/usr/bin/env bash
# Lets schemathesis make requests out of the OpenAPI document, and hold the answers to it, for a registry that is open,
# one that serves its files and one that asks for passwords. Wants Python 3.10 or newer; installs schemathesis in a
# directory of its own unless `st` is there. Arguments go to `st run`, as --seed 7 or --max-examples 500.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then kill "$server" && wait "$server" || true; fi
  server=
}
trap 'stop; rm -rf "$work"' EXIT

st=$(command -v st || true)
if [ -z "$st" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet --disable-pip-version-check schemathesis==4.32.5
  st="$work/venv/bin/st"
fi

bun run build
mkdir -p "$work/v1" "$work/v2/demo/manifests/index"
echo '{"schemaVersion":2,"manifests":[]}' >"$work/v2/demo/manifests/index/latest"
mkdir "$work/data"
cat >"$work/data/hello.json" <<'JSON'
{
  "version": 5,
  "repository": "demo",
  "repo-registry-id": "demo/hello",
  "url": "http://cdn.test/demo/",
  "oci_index_data": ["latest"]
}
JSON
bun -e 'console.log("alice:" + Bun.password.hashSync("secret", { algorithm: "bcrypt", cost: 4 }))' >"$work/htpasswd"

# <name> <arguments of st> -- <command of craned and its arguments>
drill() {
  local name=$1 arguments=() origin=
  shift
  while [ "$1" != -- ]; do arguments+=("$1") && shift; done
  shift
  echo "== $name"
  : >"$work/$name.log"
  CRANE_CONFIG_PATH=/dev/null dist/craned "$@" --host 127.0.0.1 --port 0 >"$work/$name.log" 2>&1 &
  server=$!
  until origin=$(grep -oEm 1 'http://127\.0\.0\.1:[0-9]+' "$work/$name.log"); do
    kill -0 "$server" || { cat "$work/$name.log"; exit 1; }
    sleep 0.05
  done
  # One worker: with more, Hypothesis stumbles over itself on some Pythons.
  (cd "$work" && "$st" --no-color run "$origin/openapi.json" --workers 1 --continue-on-failure \
    "${arguments[@]}") || status=1
  stop
}

status=0
serve=(serve --data-dir "$work/data" --management-listen off)
content=(--serve-content-enable --serve-content-content-dir-v1 "$work/v1" --serve-content-content-dir-v2 "$work/v2")
drill open "$@" -- demo
drill content "$@" -- "${serve[@]}" "${content[@]}"
drill passwords --header "Authorization: Basic $(printf alice:secret | base64)" "$@" -- \
  "${serve[@]}" --auth-htpasswd "$work/htpasswd"
exit "$status"
