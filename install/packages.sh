#!/usr/bin/env bash
# Installs what a release needs: packages of the system, and those of Python into its .venv.
set -euo pipefail

root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
# shellcheck source=install/system_packages.sh
source "$root/install/system_packages.sh"
# shellcheck source=install/python_packages.sh
source "$root/install/python_packages.sh"

install_system_packages "${radio_packages[@]}"
install_python_packages requirements.txt
rm -rf "$root/.cache"
