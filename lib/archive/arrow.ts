import { createRequire } from 'node:module'

/**
 * LanceDB knows fields, schemas and types by `instanceof` of its own copy of apache-arrow, the CommonJS one: beside an `import` of
 * an ES module there are two.
 */
export const arrow = createRequire(__filename)('apache-arrow') as typeof import('apache-arrow')
