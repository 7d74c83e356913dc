/**
 * A thread that plays the worlds it is asked to play.
 */
import { parentPort } from 'node:worker_threads'
import { playSeeds, type Portion } from './seeds.ts'

parentPort?.on('message', ({ first, count, world }: Portion) => {
  void playSeeds(first, count, world).then((totals) => parentPort?.postMessage(totals))
})
