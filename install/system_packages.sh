# shellcheck shell=bash
# Sourced by run and check: what this machine itself must have, from apt.

: "${root:?must be set to the folder of the checkout}"

# What hears Wi-Fi and Bluetooth needs.
# shellcheck disable=SC2034  # used by those who source this
radio_packages=(python3-venv tshark iw iproute2 rfkill bluez)

say() { printf '%s\n' "$*" >&2; }  # to stderr: stdout belongs to the programme (JSON, reports)

fail() {
    say "$*"
    exit 1
}

make_cache() {
    mkdir -p "$root/.cache" || fail "This folder cannot be written to: $root. Start as the user who owns it."
}

# has_system_package PACKAGE: true when what the package brings can be used, wherever it came from. Fast: no dpkg, no apt.
has_system_package() {
    case $1 in
        bluez) command -v bluetoothctl ;;
        e2fsprogs) command -v mkfs.ext4 ;;
        iproute2) command -v ip ;;
        libatomic1) compgen -G "/usr/lib*/libatomic.so.1" || compgen -G "/usr/lib/*/libatomic.so.1" ;;
        mosquitto) command -v mosquitto || [[ -x /usr/sbin/mosquitto ]] ;;
        postgresql) compgen -G "/usr/lib/postgresql/*/bin/postgres" ;;
        python3-venv) python3 -ISc 'import ensurepip' ;;
        qemu-system-x86) command -v qemu-system-x86_64 ;;
        qemu-utils) command -v qemu-img ;;
        *) command -v "$1" ;;
    esac &>/dev/null
}

purpose_of() {
    case $1 in
        bluez) echo "hears Bluetooth" ;;
        chromium) echo "tests the page" ;;
        dbus-daemon) echo "tests Bluetooth" ;;
        e2fsprogs | mmdebstrap) echo "makes the disk of a virtual machine" ;;
        iproute2) echo "brings network adapters up" ;;
        iw) echo "sets up Wi-Fi adapters" ;;
        libatomic1) echo "starts the browser's driver" ;;
        mosquitto) echo "tests MQTT" ;;
        openssl) echo "makes certificates for tests" ;;
        postgresql) echo "tests the database of a hub" ;;
        python3-venv) echo "keeps Python packages in this folder" ;;
        qemu-system-x86 | qemu-utils) echo "runs a virtual machine" ;;
        rfkill) echo "unblocks radios" ;;
        shellcheck) echo "checks these scripts" ;;
        tshark) echo "reads Wi-Fi frames" ;;
    esac
}

# may_become_root REASON: true when sudo may be used from here. Says the reason and asks for the password only where it
# takes one and somebody is there to type it.
may_become_root() {
    ((EUID == 0)) && return
    command -v sudo >/dev/null || return
    sudo -n true 2>/dev/null && return
    [[ -t 0 ]] || return
    say "$1"
    sudo true
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo -- "$@"; fi
}

# install_system_packages PACKAGE...: installs those that are missing. Where it cannot, it says what to type and
# leaves it to the caller to go on: the programme shows a missing part as a radio that is not heard.
install_system_packages() {
    local package missing=() reasons=""
    for package in "$@"; do
        has_system_package "$package" && continue
        missing+=("$package")
        reasons+="${reasons:+, }$package ($(purpose_of "$package"))"
    done
    ((${#missing[@]})) || return 0

    if ! command -v apt-get >/dev/null; then
        say "Missing: $reasons. This system has no apt: install that with its own package manager" \
            "(tshark is in wireshark-cli on Fedora and Arch). Going on without."
        return
    fi
    say "Missing, to be installed with apt now: $reasons. This takes some minutes on a Pi."
    if ! may_become_root "To install it, sudo asks for your password."; then
        say "That needs root, which sudo does not give here. As root, type: apt-get install ${missing[*]}"
        return
    fi
    make_cache
    if ! run_apt "${missing[@]}" &>"$root/.cache/apt.log"; then
        tail -n 5 "$root/.cache/apt.log" >&2
        say "apt could not install that. Check that this machine is online and its clock is right (type: date)," \
            "then start again. The whole story is in .cache/apt.log"
    fi
}

# A fresh image has no lists, or old ones that name files no longer there; at first boot another apt may be at work.
run_apt() {
    local apt=(apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
    as_root "${apt[@]}" update &&
        as_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install --yes --no-install-recommends "$@"
}
