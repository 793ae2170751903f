import process from 'node:process'
import { defineConfig } from 'vitest/config'
import { skipReporter } from './test/skip-reporter.ts'

/** Files that need neither a database nor a process of their own: arithmetic and source text. */
const pure = [
  'src/kernel/**/*.test.ts',
  'src/modules/*/*.test.ts',
  'src/**/*.property.test.ts',
  'test/{tidy,map,docs}.test.ts',
  'bench/**/*.test.ts',
]

/** Files beside the rules that speak to PostgreSQL. */
const withDatabase = ['src/modules/*/*.{actions,queries,db,races,crash}.test.ts']

/** Runs in a browser are counted apart from the others. */
const isBrowser = process.argv.includes('browser')

export default defineConfig({
  test: {
    reporters: [
      'default',
      skipReporter,
      ['json', { outputFile: `test-results/${isBrowser ? 'browser' : 'vitest'}.json` }],
    ],
    projects: [
      {
        test: {
          name: 'pure',
          include: pure,
          exclude: [...withDatabase, 'test/map/**', 'dist/**', 'node_modules/**'],
          pool: 'threads',
          isolate: false,
          testTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'world',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [
            'src/kernel/**',
            'src/modules/*/!(*.actions|*.queries|*.db|*.races|*.crash).test.ts',
            'src/**/*.property.test.ts',
            'test/{tidy,map,docs}.test.ts',
            'test/map/**',
            'test/browser/**',
            'dist/**',
            'node_modules/**',
          ],
          globalSetup: ['test/postgres.ts'],
          pool: 'forks',
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/postgres.ts'],
          pool: 'forks',
          maxWorkers: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
