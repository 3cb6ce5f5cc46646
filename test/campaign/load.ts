/**
 * What the guest does while its replicas are killed: it counts on its console, writes files to its disk and reads them
 * back past its cache, sends a count to a program outside by TCP, and serves a page, a shell and a key-value store. The
 * observers (observers.ts, clients.ts) know what must come.
 *
 * Invariant: each kind of output carries numbers 0, 1, 2, …, so that a gap, a repeat or a contradiction shows.
 */

/** Files on the disk, written in turn. */
export const FILES = 8;
/** A file is a line of seven digits, again and again. */
export const FILE_BYTES = 16_384;
/** Where the guest's servers listen. */
export const GUEST_PORTS = { http: 8000, shell: 8001, store: 8002 } as const;
/** Who writes and reads the store. */
export const STORE_CLIENTS = 3;

/** A word of seven digits, as the guest writes it. */
export function digits(number: number): string {
  return String(number).padStart(7, '0');
}

/**
 * Rounds of the disk in one life of the guest, from power-on on: those of the next one have higher numbers, so that a
 * file of an earlier life is no answer for a later one.
 */
export const ROUNDS_MAX = 10_000;

/** Counts on the console: `C 0`, `C 1`, … */
const COUNT = 'n=0; while :; do echo "C $n"; n=$((n+1)); usleep 150000; done &';

/**
 * Writes file after file: `S 7` says that round 7 is on the disk. Reads the oldest one back from the disk: `R 0
 * 0000000` says what round 0 reads as now.
 */
const write = (first: number): string =>
  [
    `i=${first}; while :; do`,
    `yes $(printf %07d $i) | head -c ${FILE_BYTES} > /mnt/f$((i%${FILES})); sync; echo "S $i";`,
    `o=$((i-${FILES - 1})); if [ $o -ge ${first} ]; then echo 3 > /proc/sys/vm/drop_caches;`,
    `echo "R $o $(sort -u /mnt/f$((o%${FILES})) | tr '\\n' ' ')"; fi;`,
    'i=$((i+1)); usleep 900000; done &',
  ].join(' ');

/** Answers HTTP requests on a kept connection, and numbers them on each. */
const WEB = [
  'cr=$(printf "\\r")',
  'n=0',
  'while read -r method path rest; do',
  '  while read -r line && [ "$line" != "$cr" ]; do :; done',
  '  body="$path $n"',
  '  n=$((n+1))',
  '  printf \'HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n%s\\n\' $((${#body}+1)) "$body"',
  'done',
];

/** `set k 5` is answered `ok 5`, `get k` is answered `is 5`. A value appears whole: it is renamed into its place. */
const STORE = [
  'while read -r op key value; do',
  '  case $op in',
  '    set) echo "$value" > /tmp/new.$key; mv /tmp/new.$key /tmp/$key; echo "ok $value" ;;',
  '    get) read -r value < /tmp/$key; echo "is $value" ;;',
  '  esac',
  'done',
];

function script(file: string, lines: readonly string[]): string[] {
  return [`cat > ${file} <<'END'`, '#!/bin/sh', ...lines, 'END', `chmod +x ${file}`];
}

/** Servers, each connection with a process of its own. */
function servers(): string[] {
  const keys = Array.from({ length: STORE_CLIENTS }, (_, key) => `echo 0 > /tmp/k${key}`).join('; ');
  const { http, shell, store } = GUEST_PORTS;
  return [
    ...script('/tmp/web', WEB),
    ...script('/tmp/store', STORE),
    keys,
    `nc -ll -p ${http} -e /tmp/web & nc -ll -p ${shell} -e /bin/sh & nc -ll -p ${store} -e /tmp/store &`,
  ];
}

/** Sends `0`, `1`, … to a port of the host, and once more from 0 where it is cut off. */
function send(address: string, port: number): string {
  const count = 'm=0; while :; do echo $m; m=$((m+1)); usleep 250000; done';
  return `while :; do (${count}) | nc ${address} ${port}; usleep 300000; done &`;
}

/**
 * The guest's shell is told this, a line at a time. `listener`: where on the host somebody counts. `first`: the first
 * round of the disk.
 */
export function loadLines(listener: { address: string; port: number } | null, first = 0): string[] {
  return [
    // Only what the load prints is on the console: no prompt, and no job's number.
    "exec 2>/dev/null; PS1=''; PS2=''; set +m",
    ...(listener ? [...servers(), send(listener.address, listener.port)] : []),
    write(first),
    COUNT,
  ];
}
