/** The harness is plain JavaScript that runs before anything is built; its modules reach the tests without types. */
export const harness = (name: string): Promise<any> => import(`./harness/${name}.mjs`)
export const casesOf = (name: string): Promise<any> => import(`./cases/${name}.mjs`)
