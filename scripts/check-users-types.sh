#!/usr/bin/env bash
# What users compile (generated code, our built .d.ts), with the compiler that is named: check-users-types.sh PATH_OF_TSC
set -eu
cd "$(dirname "$0")/.."
compiler=$1
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
mkdir "$project/node_modules"
ln -s "$PWD" "$project/node_modules/oncewire"
ln -s "$PWD/node_modules/@types" "$project/node_modules/@types"
cp -r test/golden/generated "$project/generated"
echo '{ "type": "module" }' > "$project/package.json"
cat > "$project/tsconfig.json" <<EOF
{
  "extends": "$PWD/tsconfig.base.json",
  "compilerOptions": { "noEmit": true, "declaration": false, "isolatedDeclarations": false, "skipLibCheck": false },
  "include": ["generated", "front-door.ts"]
}
EOF
echo "export * from 'oncewire'; export * from 'oncewire/sqlite'; export * from 'oncewire/postgres'; export * from 'oncewire/sim'" > "$project/front-door.ts"
"$compiler" --version
"$compiler" -p "$project"
