import { join } from 'node:path'

/** The package's data folder: lies beside dist/ when built and beside lib/ in a checkout. */
export const modelsFolder = join(__dirname, '..', 'models')
