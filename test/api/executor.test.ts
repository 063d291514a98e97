import { afterAll, describe, expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import { testing } from '../helpers/testing'

describe('the threads of a lane', () => {
  const before = binding().systemInfo().threads
  afterAll(() => binding().setThreads(before))

  // at::parallel_for is silently single-threaded in code that was compiled without -fopenmp.
  test.each([2, 1, 3])('setThreads(%i): a parallel loop on the tensor thread runs on as many', (threads) => {
    binding().setThreads(threads)
    expect(testing().laneThreads('cpu')).toEqual({ wanted: threads, used: threads })
    expect(binding().systemInfo().threads).toBe(threads)
  })

  test('files are read on one core, whatever the tensor threads are', () => {
    binding().setThreads(2)
    expect(testing().laneThreads('files').used).toBe(1)
    expect(testing().laneThreads('cpu').used).toBe(2)
  })
})

test('jobs run in the order they came; one that was withdrawn never runs, and is withdrawn once', () => {
  expect(testing().queueOrder(5, 2)).toEqual({ ran: [0, 1, 3, 4], taken: true, again: false, waited: false, ended: true })
})
