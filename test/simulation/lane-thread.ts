/**
 * A lane in a thread of its own.
 *
 * Invariant: it answers each request, `[first seed, runs]`, with one batch.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { openLane, type LaneOptions } from './lane.ts';

const lane = await openLane(workerData as LaneOptions);
parentPort?.on('message', ([firstSeed, runs]: [number, number]) => parentPort?.postMessage(lane(firstSeed, runs)));
