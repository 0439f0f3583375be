import { Worker } from 'node:worker_threads'
import type { Judgement, JudgeOrder } from './judge.ts'

/** Judges in a thread of its own: it computes for seconds on end, and Ctrl-C must be heard all the while. */
export async function judgeInThread(order: JudgeOrder): Promise<Judgement> {
  const thread = new Worker(new URL('./judge-thread.ts', import.meta.url), { workerData: order })
  return await new Promise((resolve, reject) => {
    thread.once('message', resolve)
    thread.once('error', reject)
    thread.once('exit', (code) =>
      reject(new Error(`the thread of the check ended with ${code} before it had a result`)),
    )
  })
}
