/**
 * What the guest does while its replicas are killed: it counts on its console, writes files to its disk and reads them
 * back past its cache, and sends a count to a program outside by TCP. The observers (observers.ts) know these lines.
 *
 * Invariant: each kind of output carries numbers 0, 1, 2, …, so that a gap, a repeat or a contradiction shows.
 */

/** Files on the disk, written in turn. */
export const FILES = 8;
/** A file is a line of seven digits, again and again. */
export const FILE_BYTES = 16_384;

/** A word of seven digits, as the guest writes it. */
export function digits(number: number): string {
  return String(number).padStart(7, '0');
}

/** Counts on the console: `C 0`, `C 1`, … */
const COUNT = 'n=0; while :; do echo "C $n"; n=$((n+1)); usleep 20000; done &';

/**
 * Writes file after file: `S 7` says that round 7 is on the disk. Reads the oldest one back from the disk: `R 0
 * 0000000` says what round 0 reads as now.
 */
const WRITE = [
  'i=0; while :; do',
  `yes $(printf %07d $i) | head -c ${FILE_BYTES} > /mnt/f$((i%${FILES})); sync; echo "S $i";`,
  `o=$((i-${FILES - 1})); if [ $o -ge 0 ]; then echo 3 > /proc/sys/vm/drop_caches;`,
  `echo "R $o $(sort -u /mnt/f$((o%${FILES})) | tr '\\n' ' ')"; fi;`,
  'i=$((i+1)); usleep 150000; done &',
].join(' ');

/** Sends `0`, `1`, … to a port of the host. */
function send(address: string, port: number): string {
  return `(m=0; while :; do echo $m; m=$((m+1)); usleep 40000; done) | nc ${address} ${port} &`;
}

/** The guest's shell is told this, a line at a time. */
export function loadLines(listener: { address: string; port: number } | null): string[] {
  return [
    // Only what the load prints is on the console: no prompt, and no job's number.
    "exec 2>/dev/null; PS1=''; set +m",
    WRITE,
    ...(listener ? [send(listener.address, listener.port)] : []),
    COUNT,
  ];
}
