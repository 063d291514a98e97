import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    // One process a file: a LibTorch addon is loaded once a process; two at a time would fight for two cores.
    pool: 'forks',
    fileParallelism: false,
    // The longest of those without a limit of their own take ten seconds on two quiet cores.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    setupFiles: ['test/setup.ts'],
  },
})
