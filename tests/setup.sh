#!/usr/bin/env bash
# Installs the real components that the tests use, or says exactly what to install.
set -euo pipefail

missing=()
command -v skopeo >/dev/null || missing+=(skopeo)
command -v docker-registry >/dev/null || missing+=(docker-registry)
command -v buildah >/dev/null || missing+=(buildah)
command -v git >/dev/null || missing+=(git)
command -v bwrap >/dev/null || missing+=(bubblewrap)
command -v npm >/dev/null || missing+=(npm)
command -v openssl >/dev/null || missing+=(openssl)
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)

if [ "${#missing[@]}" -gt 0 ]; then
  echo "the tests need: ${missing[*]}"
  if ! command -v apt-get >/dev/null; then
    echo "this machine has no apt-get; install them by its own package manager and run again" >&2
    exit 1
  fi
  sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  "${sudo[@]}" apt-get update -qq
  # docker-registry is wanted as a program, not as a service: without this policy Debian would start and enable it.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
    "${sudo[@]}" chmod 755 "$policy"
    trap '"${sudo[@]}" rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
  if [[ " ${missing[*]} " == *" docker-registry "* ]] && command -v systemctl >/dev/null; then
    "${sudo[@]}" systemctl disable --quiet docker-registry.service 2>/dev/null || true
  fi
fi

# moto is the test account and the test bucket; it lives in an environment of its own.
venv="$(dirname "$0")/.venv"
if ! "$venv/bin/python" -c 'import boto3, moto.server' 2>/dev/null; then
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check 'moto[server]==5.2.5' 'boto3==1.44.5'
fi
