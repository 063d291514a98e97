/** How a queue is reached. It needs BullMQ and ioredis, which are installed beside wordmask: `npm install bullmq@6.7.0 ioredis@6.0.0`. */
export interface QueueOptions {
  /** redis://, rediss:// or unix:// */
  url: string
  /** PEM file with the certificates that sign the server's. */
  ca?: string
  /** What every key begins with, where several users share a database. Default 'wordmask'. */
  prefix?: string
  /** What a user should know; once each. */
  onWarning?: (message: string) => void
}
