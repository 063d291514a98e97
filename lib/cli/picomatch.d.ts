declare module 'picomatch' {
  function picomatch(glob: string, options?: { dot?: boolean }): (path: string) => boolean
  namespace picomatch {
    function scan(glob: string): { base: string; glob: string; isGlob: boolean }
  }
  export = picomatch
}
