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
  for file in cross account; do thrift -nowarn -r -out "$2" --gen "$1" "$here/idl/$file.thrift"; done 2>&1 | { grep -v '^\[WARNING\|^$' || true; }
}
run() { # the line of `run`
  printf '#!/bin/sh\nhere=%q\n%s\n' "$folder" "$1" >run
  chmod +x run
}
build_python() { # the interpreter, how to ask for the version
  rm -rf program
  stubs py program
  cp -r "$here/python/." "$here/stubs/python/." program
  run "export PYTHONDONTWRITEBYTECODE=1
[ \"\$1\" = version ] && exec $1 -c 'import importlib.metadata as m; print(m.version(\"thrift\"))'
exec $1 \$here/program/peer.py \"\$@\""
}
build_go() {
  rm -rf program
  stubs go:package_prefix=interop/,skip_remote program
  cp -r "$here/go/." "$here/stubs/go/." program
  (cd program && GOPROXY=off GOFLAGS=-mod=mod go build -o ../peer .)
  run "[ \"\$1\" = version ] && exec sed -n 's/.*apache\/thrift v//p' \$here/program/go.mod
exec \$here/peer \"\$@\""
}
build_node() {
  rm -rf program
  stubs js:node,es6 program
  cp "$here"/node/*.mjs "$here"/stubs/node/*.js program
  run "[ \"\$1\" = version ] && cd \$here && exec node -p 'require(\"thrift/package.json\").version'
exec node \$here/program/peer.mjs \"\$@\""
}

build_java() {
  rm -rf program classes
  stubs java:generated_annotations=suppress program
  javac -nowarn -encoding UTF-8 -d classes -cp 'lib/*' $(find program "$here/java" -name '*.java') 2>&1 | { grep -v '^Note:' || true; }
  run "[ \"\$1\" = version ] && exec sh -c \"ls \$here/lib | sed -n 's/libthrift-\(.*\).jar/\1/p'\"
exec java -XX:TieredStopAtLevel=1 -Dfile.encoding=UTF-8 -cp \"\$here/classes:\$here/lib/*\" Peer \"\$@\""
}

build_cpp() {
  rm -rf program
  stubs cpp:no_skeleton program
  cp -r "$here/cpp/." program
  (cd program && ls *.cpp | xargs -P "$(nproc)" -I{} g++ -std=c++17 -O0 -c {} && g++ -o ../peer *.o -lthrift -lthriftz -lz -lpthread)
  run "[ \"\$1\" = version ] && exec dpkg-query -W -f '\${Version}' libthrift-dev
exec \$here/peer \"\$@\""
}

case $peer in
  python) build_python "\$here/venv/bin/python" ;;
  python-debian) build_python /usr/bin/python3 ;;
  *) "build_$peer" ;;
esac
