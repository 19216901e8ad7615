#!/usr/bin/env bash
# Installs what the benchmark compares with, on Debian as root. What is missing is left out of its tables. archeio, zot
# and Crane 3.3.1 are built as their own documents say, and named by BENCH_ARCHEIO, BENCH_ZOT and BENCH_CRANE.
set -euo pipefail

packages=(wrk nginx-light skopeo curl)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

if ! command -v distribution-registry >/dev/null; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  GOBIN="$scratch" go install github.com/distribution/distribution/v3/cmd/registry@v3.1.2
  mv "$scratch/registry" /usr/local/bin/distribution-registry
fi
