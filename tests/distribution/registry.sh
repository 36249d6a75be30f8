# shellcheck shell=bash
# A storage of images and a registry that are gone with the test. Sourced.

# private_storage DIRECTORY keeps buildah's and skopeo's images there.
private_storage() {
    cat >"$1/storage.conf" <<TOML
[storage]
driver = "vfs"
graphroot = "$1/root"
runroot = "$1/run"
TOML
    export CONTAINERS_STORAGE_CONF=$1/storage.conf BUILDAH_ISOLATION=chroot
}

# start_registry starts one on loopback, at REGISTRY.
start_registry() {
    registry_data=$(mktemp -d)
    local port
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    REGISTRY=127.0.0.1:$port
    cat >"$registry_data/config.yml" <<YAML
version: 0.1
log: { level: error }
storage: { filesystem: { rootdirectory: $registry_data/data } }
http: { addr: '$REGISTRY' }
YAML
    docker-registry serve "$registry_data/config.yml" >/dev/null 2>&1 &
    registry_process=$!
    for _ in $(seq 200); do
        ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
        sleep 0.1
    done
    broken "docker-registry does not listen"
}

stop_registry() {
    [ -z "${registry_process:-}" ] || kill "$registry_process" 2>/dev/null || true
    [ -z "${registry_data:-}" ] || rm -rf "$registry_data"
}
