#!/usr/bin/env bash
# What CI checks beside the tests: formatter, linter, types, layers, package. Every step runs; the exit code says whether all passed.
set -u
cd "$(dirname "$0")/.."
failed=()
step() {
  local name=$1 hint=$2
  shift 2
  local output
  if output=$("$@" 2>&1); then
    echo "ok      $name$(sed -n 's/.*\(installed: [0-9]* KiB\).*/ (\1)/p' <<<"$output")"
  else
    echo "FAILED  $name ($hint)"
    echo "$output" | grep -v '^npm warn' | tail -60
    failed+=("$name")
  fi
}
bin=node_modules/.bin
step formatter 'npm run format' "$bin/prettier" --check .
step linter "$bin/oxlint --type-aware" "$bin/oxlint" --type-aware
step 'types, pure folders' "$bin/tsc -p tsconfig.pure.json" "$bin/tsc" -p tsconfig.pure.json
step 'types, everything' "$bin/tsc -p tsconfig.json" "$bin/tsc" -p tsconfig.json
step 'types, exactOptionalPropertyTypes off' "$bin/tsc -p tsconfig.json --exactOptionalPropertyTypes false" \
  "$bin/tsc" -p tsconfig.json --exactOptionalPropertyTypes false
step 'layers and tidiness' 'npx vitest run test/tidy.test.ts' "$bin/vitest" run test/tidy.test.ts test/errors-doc.test.ts
step build 'npm run build' node scripts/build.mjs
step 'IDL formatter' 'node dist/cli/main.js format --write src examples' node dist/cli/main.js format --check src examples
step package 'npx vitest run test/package.test.ts' "$bin/vitest" run test/package.test.ts
if [ ${#failed[@]} -gt 0 ]; then
  echo "${#failed[@]} of the checks failed: ${failed[*]}"
  exit 1
fi
