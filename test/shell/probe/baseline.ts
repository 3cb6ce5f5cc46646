/**
 * The same guest in plain Node, for comparison: prints its speed as one line of JSON.
 */
import { guestSpeed } from './guest-speed.ts';

process.stdout.write(`${JSON.stringify({ ...(await guestSpeed()), node: process.versions.node })}\n`);
