import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const source = (file: string): string => join(import.meta.dirname, 'src', file)

export default defineConfig({
  // Tests run the sources; the processes that they start run what was built.
  resolve: {
    alias: [
      { find: /^oncewire$/, replacement: source('index.ts') },
      { find: /^oncewire\/stub\/v1$/, replacement: source('rpc/stub-v1.ts') },
      { find: /^oncewire\/sqlite$/, replacement: source('ledger/sqlite.ts') },
      { find: /^oncewire\/postgres$/, replacement: source('ledger/postgres.ts') },
      { find: /^oncewire\/sim$/, replacement: source('sim/index.ts') },
    ],
  },
  test: { include: ['src/**/*.test.ts', 'test/**/*.test.ts'], testTimeout: 20_000 },
})
