type OnProgress = (done: number, total: number | undefined) => void

/** Passes on every tenth of a download of some size: for where no bar is drawn. A smaller `done` is a new download. */
export function tenths(onTenth: (done: number, total: number) => void): OnProgress {
  let said = 0
  let last = 0
  return (done, total) => {
    if (done < last) said = 0
    last = done
    const tenth = total && total >= smallest ? Math.floor((10 * done) / total) : 0
    if (tenth > said) onTenth(done, total as number)
    said = Math.max(said, tenth)
  }
}

/** Below this a download is over before anybody wonders. */
const smallest = 100_000

export const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0)

/** The same as lines for a log. */
export function everyTenth(log: (line: string) => void): OnProgress {
  return tenths((done, total) => log(`${megabytes(done)} of ${megabytes(total)} MB`))
}
