/** A process for one torture job: the job is its argument as JSON, the result goes to standard output as JSON. */
import { type Job, record, repeat } from './torture.ts';

const job = JSON.parse(process.argv[2] ?? '') as Job;
const result = job.kind === 'record' ? await record(job) : await repeat(job);
process.stdout.write(JSON.stringify(result));
