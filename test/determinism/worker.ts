/**
 * A process for some torture jobs, one after the other: they are its argument as JSON, the results go to standard
 * output as JSON.
 */
import { type Job, record, repeat } from './torture.ts';

const results: unknown[] = [];
for (const job of JSON.parse(process.argv[2] ?? '') as readonly Job[]) {
  results.push(job.kind === 'record' ? await record(job) : await repeat(job));
}
process.stdout.write(JSON.stringify(results));
