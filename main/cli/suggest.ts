/**
 * What was probably meant by words that are no command: another spelling, or a verb of VMware's `vmrun`.
 *
 * Invariant: only commands that there are are named. Nothing is done in their place: `vmrun stop` may lose data or not,
 * and one thing has one name here.
 */
import type { Command } from './command.ts';

/** The verbs of `vmrun` (VMware Workstation), and what does the same here. */
export const VMRUN: { readonly [verb: string]: readonly string[] } = {
  start: ['power on NAME'],
  stop: ['power shutdown NAME', 'power off NAME'],
  reset: ['power reset NAME'],
  pause: ['power pause NAME'],
  unpause: ['power resume NAME'],
  suspend: ['power suspend NAME'],
  list: ['vm list'],
  clone: ['vm clone NAME NEW'],
  deleteVM: ['vm delete NAME'],
  snapshot: ['snapshot take NAME SNAP'],
  listSnapshots: ['snapshot list NAME'],
  revertToSnapshot: ['snapshot revert NAME SNAP'],
  deleteSnapshot: ['snapshot delete NAME SNAP'],
  captureScreen: ['console screenshot NAME FILE.png'],
  typeKeystrokesInGuest: ['console type NAME TEXT'],
  getGuestIPAddress: ['vm show NAME'],
  listNetworkAdapters: ['vm show NAME'],
  addNetworkAdapter: ['nic set NAME'],
  setNetworkAdapter: ['nic set NAME'],
  listHostNetworks: ['network list'],
  listPortForwardings: ['forward list'],
  setPortForwarding: ['forward add NAME tcp:8080:80'],
  deletePortForwarding: ['forward remove NAME ID'],
};

/** Beyond so many changed letters two words are not the same one misspelt. */
const DISTANCE_MAX = 2;

/** A sentence; null where nothing comes to mind. */
export function meant(all: readonly Command[], words: readonly string[]): string | null {
  const [first = ''] = words;
  const verb = Object.keys(VMRUN).find((one) => one.toLowerCase() === first.toLowerCase());
  const here = verb === undefined ? [] : (VMRUN[verb] ?? []).filter((usage) => isCommand(all, usage));
  if (here.length > 0)
    return `What vmrun calls "${verb}" is: ${here.map((usage) => `lockstep ${usage}`).join(', or ')}`;
  const close = closest(all, words);
  return close === null ? null : `Did you mean "lockstep ${close}"?`;
}

function isCommand(all: readonly Command[], usage: string): boolean {
  return all.some(({ words }) => usage === words || usage.startsWith(`${words} `));
}

function closest(all: readonly Command[], words: readonly string[]): string | null {
  let best: string | null = null;
  let least = DISTANCE_MAX + 1;
  for (const command of all) {
    const parts = command.words.split(' ');
    const said = words.slice(0, parts.length);
    // `list` alone is probably the one of VMs; a group alone is answered with its commands.
    if (said.length < parts.length) continue;
    const apart = parts.reduce((sum, part, index) => sum + distance(part, said[index]?.toLowerCase() ?? ''), 0);
    const short = parts.some((part, index) => distance(part, said[index] ?? '') >= part.length);
    if (short || apart >= least) continue;
    [best, least] = [command.words, apart];
  }
  return best;
}

/** Letters that have to be put in, taken out, changed, or swapped with their neighbour (Damerau and Levenshtein). */
export function distance(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= one.length; row += 1) {
    const line = [row];
    rows.push(line);
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1] ? 0 : 1;
      const edited = Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + same);
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      line.push(swapped ? Math.min(edited, at(row - 2, column - 2) + 1) : edited);
    }
  }
  return at(one.length, other.length);
}
