#!/usr/bin/env bash
# Fetches what the peers of the interop tests need: install.sh [PEER...], all of them if none is named. Everything goes to
# build/ beside this file, but for Debian's packages (apt-get, as root, and only what is not there).
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$here/build

debian() { # packages
  local missing=()
  for package in "$@"; do dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package"); done
  [ ${#missing[@]} -eq 0 ] && return 0
  apt-get install -y --no-install-recommends "${missing[@]}" || { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; }
}
needs() { # commands
  for command in "$@"; do
    command -v "$command" >/dev/null || { echo "$command is not on the path: install it as your system does"; return 1; }
  done
}
install_python() { # a virtual environment with the library of PyPI
  needs python3 && python3 -m venv "$folder/venv" &&
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 -r "$here/python/requirements.txt"
}
install_python-debian() { debian python3-thrift; }
install_go() { needs go && (cd "$here/go" && go mod download); }
install_java() { # the jars of pom.xml
  rm -rf "$folder/lib"
  needs javac mvn && mvn -q -B -f "$here/java/pom.xml" dependency:copy-dependencies -DoutputDirectory="$folder/lib"
}
install_node() {
  needs npm && cp "$here/node/package.json" "$here/node/package-lock.json" "$folder" &&
    (cd "$folder" && npm ci --no-audit --no-fund --fetch-retries=1 --fetch-timeout=60000)
}
install_cpp() { debian g++ libthrift-dev libboost-dev; }

[ $# -gt 0 ] || set -- python python-debian go java node cpp
failed=()
for peer in "$@"; do
  folder=$build/$peer
  mkdir -p "$folder"
  rm -f "$folder/installed"
  if debian thrift-compiler && "install_$peer"; then
    touch "$folder/installed"
    echo "installed $peer"
  else
    echo "could not install $peer: see above"
    failed+=("$peer")
  fi
done
[ ${#failed[@]} -eq 0 ]
