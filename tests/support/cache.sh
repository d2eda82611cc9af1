# shellcheck shell=bash
# Sourced by python_env, node_modules and others: directories that are made once for each content.

# Or a failure inside $(cached …) would go unnoticed.
shopt -s inherit_errexit

# cached KIND DIGEST MAKE: prints the directory KIND-DIGEST of the cache; if it is missing, `MAKE DIRECTORY` makes it.
# Whoever comes while it is being made waits; what failed half-way leaves nothing that looks finished.
cached() {
    local root=${REALTIME_OPERATOR_CACHE:-$HOME/.cache/realtime-operator} directory
    directory=$root/$1-$2
    mkdir -p "$root"
    (
        flock 9
        if [[ ! -e $directory/.complete ]]; then
            rm -rf "$directory"
            "$3" "$directory"
            touch "$directory/.complete"
        fi
    ) 9>"$directory.lock"
    echo "$directory"
}
