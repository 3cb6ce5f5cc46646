/**
 * `serial attach`: the guest's serial port on standard input and output.
 *
 * Invariant: bytes are passed on as they are, in both directions. When the input ends, what was sent is still
 * answered for a moment; when the VM is powered off, so is this.
 */
import { once } from 'node:events';
import type { CommandError } from '../../preload/contract/contract.ts';
import type { Client } from './client.ts';

/** The longest piece sent at once. */
const PIECE_BYTES = 16 << 10;
const UNSENT_MAX = 64 << 10;
const POLL_MS = 10;
/** After the input's end the output is passed on until it has been silent for this long. */
const SILENCE_MS = 500;
/** What a terminal sends for Ctrl+]: the way out, as in telnet. */
const ESCAPE = 0x1d;

export async function attachSerial(client: Client, vm: string, history: boolean): Promise<void> {
  let lastOutput = Date.now();
  let over: CommandError | null | undefined;
  const ended = new Promise<void>((resolve) => {
    const subscription = client.subscribe(
      'serial',
      { vm, history },
      {
        bytes(bytes) {
          lastOutput = Date.now();
          process.stdout.write(bytes);
        },
        end(error) {
          over = error;
          resolve();
        },
      },
    );
    const inputOver = async (): Promise<void> => {
      // Silence counts from here: the answer to what was typed last may still be on its way.
      lastOutput = Date.now();
      while (over === undefined && Date.now() - lastOutput < SILENCE_MS) await delay(POLL_MS);
      resolve();
    };
    // The input is closed under the pump when the subscription has ended: that is no error.
    pump(subscription).then(inputOver, inputOver);
  });
  const terminal = process.stdin.isTTY;
  if (terminal) {
    process.stdin.setRawMode(true);
    process.stderr.write(`Attached to "${vm}". Ctrl+] detaches.\r\n`);
  }
  await ended;
  if (terminal) process.stdin.setRawMode(false);
  process.stdin.destroy();
  if (over) throw over;
  if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
}

async function pump(subscription: { send(bytes: Uint8Array): void; unsentBytes(): number }): Promise<void> {
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    const escape = process.stdin.isTTY ? chunk.indexOf(ESCAPE) : -1;
    const bytes = escape < 0 ? chunk : chunk.subarray(0, escape);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      subscription.send(bytes.subarray(at, at + PIECE_BYTES));
      while (subscription.unsentBytes() > UNSENT_MAX) await delay(POLL_MS);
    }
    if (escape >= 0) return;
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
