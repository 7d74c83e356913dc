#!/usr/bin/env bash
# Makes the program of one peer from its sources and from stubs of our IDL, without the network: build.sh PEER. What comes out
# is build/PEER/run, which takes `client PORT COMBINATION...`, `server COMBINATION...`, `version`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
peer=$1
folder=$here/build/$peer
[ -f "$folder/installed" ] || { echo "$peer is not installed: bash test/interop/install.sh $peer"; exit 1; }
cd "$folder"

stubs() { # generator, where to
  mkdir -p "$2"
  thrift -nowarn -r -out "$2" --gen "$1" "$here/idl/cross.thrift" 2>&1 | { grep -v '^\[WARNING\|^$' || true; }
}
run() { # the line of `run`
  printf '#!/bin/sh\nhere=%q\n%s\n' "$folder" "$1" >run
  chmod +x run
}
build_python() { # the interpreter, how to ask for the version
  rm -rf program
  stubs py program
  cp -r "$here/python/." program
  run "export PYTHONDONTWRITEBYTECODE=1
[ \"\$1\" = version ] && exec $1 -c 'import importlib.metadata as m; print(m.version(\"thrift\"))'
exec $1 \$here/program/peer.py \"\$@\""
}
build_go() {
  rm -rf program
  stubs go:package_prefix=interop/,skip_remote program
  cp -r "$here/go/." program
  (cd program && GOPROXY=off GOFLAGS=-mod=mod go build -o ../peer .)
  run "[ \"\$1\" = version ] && exec sed -n 's/.*apache\/thrift v//p' \$here/program/go.mod
exec \$here/peer \"\$@\""
}
build_node() {
  rm -rf program
  stubs js:node,es6 program
  cp "$here"/node/*.mjs program
  run "[ \"\$1\" = version ] && cd \$here && exec node -p 'require(\"thrift/package.json\").version'
exec node \$here/program/peer.mjs \"\$@\""
}

case $peer in
  python) build_python "\$here/venv/bin/python" ;;
  python-debian) build_python /usr/bin/python3 ;;
  *) "build_$peer" ;;
esac
