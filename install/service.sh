# shellcheck shell=bash
# Sourced by run: what it does once `./run install` made the programme a service of this machine.

: "${root:?must be set to the folder of the checkout}"

service=${DESTDIR:-}/opt/tracking/current

is_asking_for_help() { [[ " $* " == *" -h "* || " $* " == *" --help "* ]]; }

# Whether a command is about the service: all are, but those that name a database, settings or a site of their own.
concerns_service() {
    [[ -x $service/.venv/bin/python ]] && ! is_asking_for_help "$@" || return
    case " $* " in *" --demo "* | *" --db"[=\ ]* | *" --config"[=\ ]*) return 1 ;; esac
    case ${1:-run} in install | update | uninstall) return 1 ;; esac
}

# hand_over COMMAND...: lets the service's user carry it out, with the service's settings and data.
hand_over() {
    local radio_rights=()
    case ${1:-run} in
        run | sensor | hub | -*)
            fail "This machine runs it as a service: \`systemctl status tracking\` tells how it is, and" \
                "\`./run uninstall\` ends that. Beside it another needs a database and a port of its own (--db, --port)."
            ;;
        doctor | scan) radio_rights=("--inh-caps=+net_admin,+net_raw" "--ambient-caps=+net_admin,+net_raw") ;;
    esac
    may_become_root "To ask the service, sudo asks for your password." ||
        fail "What the service remembers is its own. As root, type: $service/run $*"
    local as_service=(setpriv --reuid tracking --regid tracking --init-groups "${radio_rights[@]}" --
        "$service/.venv/bin/python" "$service/app.py")
    if [[ " $* " == *" --bundle "* ]]; then  # the journal is not for the service's user to read
        journalctl_of_service | as_root "${as_service[@]}" "$@" --log
    else
        as_root "${as_service[@]}" "$@"
    fi
    exit
}

journalctl_of_service() { as_root journalctl --unit tracking --lines 300 --output short-iso --no-hostname --quiet; }

# become_root_for COMMAND...: carries out what changes the machine.
become_root_for() {
    is_asking_for_help "$@" && return
    may_become_root "To change the service, sudo asks for your password." ||
        fail "That needs root, which sudo does not give here. As root, type: $root/run $*"
    # -B: compiled modules of root's would stay in the way of the folder's owner.
    as_root env DESTDIR="${DESTDIR:-}" "$root/.venv/bin/python" -B "$root/app.py" "$@"
    exit
}

# update_service [SOURCE] [OPTION...]: the release that runs sees to its own successor.
update_service() {
    is_asking_for_help "$@" && return
    [[ -x $service/.venv/bin/python ]] ||
        fail "It is not a service of this machine. To update this folder, type: git pull, then ./run"
    may_become_root "To update the service, sudo asks for your password." ||
        fail "That needs root, which sudo does not give here. As root, type: $service/run update SOURCE"
    local update=(env DESTDIR="${DESTDIR:-}" "$service/.venv/bin/python" "$service/app.py" update)
    if (($#)) && [[ $1 != -* ]]; then
        as_root "${update[@]}" "$(readlink -f "$1")" "${@:2}"
    else
        fetch_newest
        as_root "${update[@]}" "$root/.cache/update.tar" "$@"
        git -C "$root" merge --quiet --ff-only '@{upstream}' ||
            say "The service is up to date. This folder was changed by hand, and stays as it is: see \`git status\`."
    fi
    exit
}

# What is newest where this folder was cloned from, as an archive; the folder follows when the service runs it.
fetch_newest() {
    make_cache
    if ! git -C "$root" fetch --quiet || ! git -C "$root" archive --output "$root/.cache/update.tar" '@{upstream}'; then
        fail "Nothing newer could be fetched. Check that this machine is online. Where this folder was not cloned with git, name a folder or an archive" \
            "with the newer release: ./run update SOURCE"
    fi
}
