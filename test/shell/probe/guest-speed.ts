/**
 * How fast this process runs a guest: the sample Linux from power-on to its shell, the same epochs everywhere.
 *
 * Invariant: two processes that print the same hashes have compiled the emulator alike, whatever flags their V8 took.
 */
import { linuxGuest, Runner } from '../../machine/guest.ts';

export interface GuestSpeed {
  /** Making the machine: mostly V8, compiling the emulator. */
  readonly compileMs: number;
  readonly bootMs: number;
  readonly millionInstructionsPerSecond: number;
  readonly hash: string;
}

export async function guestSpeed(): Promise<GuestSpeed> {
  const startedAt = performance.now();
  const guest = await Runner.start(linuxGuest());
  const madeAt = performance.now();
  guest.untilSerial('~# ', 200_000);
  const bootMs = performance.now() - madeAt;
  const { instructions } = guest.machine;
  return {
    compileMs: madeAt - startedAt,
    bootMs,
    millionInstructionsPerSecond: instructions / bootMs / 1000,
    hash: guest.machine.hash('full'),
  };
}
