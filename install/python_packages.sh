# shellcheck shell=bash
# Sourced by run and check: the Python packages of this checkout, in .venv, exactly as locked.

: "${root:?must be set to the folder of the checkout}"

# The stamp .venv/installed is written last. It names the Python and the locks that .venv holds in full, so an
# interrupted installation, a changed lock and a new Python after an upgrade of the system are all noticed.
describe_python_packages() (
    cd "$root" && .venv/bin/python -ISc 'import sys; print("Python", *sys.version_info[:2])' && sha256sum "$@"
)

# has_python_packages LOCK...: true when .venv holds everything that these locks name.
has_python_packages() {
    local wanted line
    wanted=$(describe_python_packages "$@" 2>/dev/null) || return
    while IFS= read -r line; do
        grep -qxF -- "$line" "$root/.venv/installed" 2>/dev/null || return
    done <<<"$wanted"
}

# install_python_packages LOCK...: brings .venv in step with the locks; the last must hold all that the others do.
install_python_packages() {
    has_python_packages "$@" && return
    require_usable_python
    make_cache
    (
        flock 9  # of two starts at once, the second waits here and then finds everything done
        has_python_packages "$@" || build_venv "$@"
    ) 9>"$root/.cache/install.lock" || exit
}

require_usable_python() {
    # A 64-bit kernel may run a 32-bit system (Raspberry Pi OS does), so the system is asked and not the kernel.
    [[ $(getconf LONG_BIT) == 64 ]] ||
        fail "This system is 32-bit, for which there is no pandas. Install a 64-bit one: in Raspberry Pi Imager" \
            "choose \"Raspberry Pi OS (64-bit)\"."
    command -v python3 >/dev/null ||
        fail "Python is missing. Install Python 3.11 or newer with its venv module (Debian: python3-venv), then start again."
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "Python 3.11 or newer is needed, and this is $(python3 --version). Use Debian or Raspberry Pi OS" \
            "bookworm (12) or trixie (13)."
}

build_venv() {
    say "Installing the Python packages into .venv. This takes a minute or two, on a Pi some more."
    if ! has_python_packages requirements.txt; then
        python3 -m venv --clear "$root/.venv" >&2 ||
            fail "Python could not make .venv, see above. On Debian type: sudo apt-get install python3-venv"
    fi
    rm -f "$root/.venv/installed"
    if ! fetch_python_packages "$root/${!#}" &>"$root/.cache/pip.log"; then
        tail -n 5 "$root/.cache/pip.log" >&2
        fail "The Python packages could not be installed. Check that this machine is online, that its clock is right" \
            "(type: date) and that the disk is not full (type: df -h .), then start again. The whole story is in" \
            ".cache/pip.log"
    fi
    sync  # a Pi may lose power at any time, and the stamp must not outlive the packages
    describe_python_packages "$@" >"$root/.venv/installed.new" && mv "$root/.venv/installed.new" "$root/.venv/installed"
    rm -rf "$root/.cache/pip" "$root/.cache/tmp"
}

# manuf comes as source only. It is built with the locked setuptools, so nothing that is not locked is fetched or run;
# everything else must have a wheel, for a Pi would compile for hours. The cache lets an interrupted download go on.
fetch_python_packages() {
    local pip=("$root/.venv/bin/python" -W ignore -m pip --quiet --disable-pip-version-check --no-input
        --cache-dir "$root/.cache/pip" install --require-hashes --no-deps --progress-bar off)
    export TMPDIR="$root/.cache/tmp"  # /tmp may be in RAM, and a Pi has little of it
    rm -rf "$TMPDIR" && mkdir "$TMPDIR" &&
        awk '/^[^ ]/ { keep = /^setuptools==/ } keep' "$1" | "${pip[@]}" --only-binary :all: -r /dev/stdin &&
        "${pip[@]}" --only-binary :all: --no-binary manuf --no-build-isolation --use-pep517 -r "$1"
}
