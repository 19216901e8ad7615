#!/usr/bin/env bash
# Installs what the benchmark compares with, on Debian as root. What is missing is left out of its tables.
set -euo pipefail
cd "$(dirname "$0")"

packages=(wrk nginx-light docker-registry skopeo curl python3-venv)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if ! command -v distribution-registry >/dev/null; then
  GOBIN="$scratch" go install github.com/distribution/distribution/v3/cmd/registry@v3.1.2
  mv "$scratch/registry" /usr/local/bin/distribution-registry
fi

go build -o /usr/local/bin/bench-redirector contestants/redirector/main.go

if ! command -v gunicorn >/dev/null; then
  /usr/bin/python3 -m venv /opt/craned-bench
  /opt/craned-bench/bin/pip install --quiet flask==3.1.3 gunicorn==27.0.1
  ln -s /opt/craned-bench/bin/gunicorn /usr/local/bin/gunicorn
fi
