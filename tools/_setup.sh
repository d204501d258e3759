# Sourced by the programs of this folder, not run: finds or installs Python, tor and what txtor needs of both.
#
# Sets root, the root of the checkout, and python, the Python of a virtual environment with everything in it: .venv, or what
# TXTOR_VENV names. A second run needs no network.

set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
venv=${TXTOR_VENV:-$root/.venv}
extras='test,dev,cli,web,metrics,http'

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        fail "this needs root, and there is no sudo. As root, run: $*"
    fi
}

# Install Debian packages. Debian starts the services that it installs unless policy-rc.d says no: we want tor's program, and
# not a Tor that joins the public network.
apt_install() {
    command -v apt-get >/dev/null 2>&1 || fail "$1 is missing. Install Python 3.10 or later with venv and pip, and tor with\
 tor-gencert (Fedora: dnf install python3 tor; macOS: brew install python tor), then run this again."
    say "installing with apt-get: $*"
    as_root apt-get -q update >&2 || say "apt-get update failed; trying with the lists that are there"
    held=
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        held=yes
        as_root sh -c 'printf "#!/bin/sh\nexit 101\n" >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d'
    fi
    status=0
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@" >&2 || status=$?
    [ -z "$held" ] || as_root rm -f /usr/sbin/policy-rc.d
    [ "$status" -eq 0 ] || fail "apt-get could not install: $*"
}

# Whether a Python is 3.10 or later, and can make virtual environments that have pip.
is_usable() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
        if is_usable "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
}

make_venv() {
    base=$(find_python)
    if [ -z "$base" ]; then
        apt_install python3 python3-venv
        base=$(find_python)
    fi
    [ -n "$base" ] || fail 'no Python 3.10 or later was found. Install one, with its venv and ensurepip.'
    say "making the virtual environment $venv with $base"
    "$base" -m venv "$venv"
}

# The environment is brought up to date when what it must hold has changed, and at no other time.
fill_venv() {
    wanted=$("$python" - "$extras" <<'END'
import hashlib, pathlib, sys
texts = [pathlib.Path(name).read_bytes() for name in ("setup.cfg", "pyproject.toml", "txtor/_version.py")]
print(hashlib.sha256(b"".join(texts) + repr([*sys.argv, sys.version]).encode()).hexdigest())
END
    )
    if [ -e "$venv/txtor-setup" ] && [ "$(cat "$venv/txtor-setup")" = "$wanted" ]; then
        return
    fi
    say "installing what txtor needs into $venv"
    # The mode "compat" puts the checkout itself on the path, where Twisted finds the plugins of txtor too.
    "$python" -m pip install -q --disable-pip-version-check --config-settings editable_mode=compat -e ".[$extras]" >&2 \
        || fail 'pip could not install what txtor needs; see above.'
    printf '%s\n' "$wanted" >"$venv/txtor-setup"
}

python=$venv/bin/python
[ -e "$venv" ] || make_venv
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null \
    || fail "$venv has no Python 3.10 or later that runs. Remove it, or name another with TXTOR_VENV."
fill_venv
for program in tor tor-gencert; do
    PATH=$PATH:/usr/sbin:/usr/local/sbin
    command -v "$program" >/dev/null 2>&1 || apt_install tor
    command -v "$program" >/dev/null 2>&1 || fail "$program was not found, although tor is installed."
done
export PATH
