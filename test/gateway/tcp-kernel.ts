/**
 * Linux as the guest: the kernel's own TCP, in a network namespace of its own behind a TUN device, talks with ours.
 *
 * Invariant: the namespace has no way to anywhere but to our gateway. Packets travel through socat, between the TUN
 * device and a UDP socket on the host's loopback; what is lost on the way is lost from one seed, or by full buffers.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Tcp } from '../../main/gateway/nat/tcp.ts';
import { tcpCounters } from '../../main/gateway/nat/tcp-types.ts';
import { parseSubnet, type Subnet } from '../../main/gateway/subnet.ts';
import type { TransportPacket } from '../../main/gateway/transport-layer.ts';
import { parseIpv4, PROTOCOL, serializeIpv4 } from '../../main/gateway/wire/ipv4.ts';
import { eventually } from '../support/eventually.ts';
import { seeded } from '../support/mulberry.ts';

const PROGRAM = path.join(import.meta.dirname, 'tcp-kernel-program.ts');
const ATTEMPTS_MAX = 4;
const TICK_MS = 20;

/** Why there can be no such guest here; null when there can. */
export function whyNoKernelGuest(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it takes root on Linux';
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun';
  const missing = ['socat', 'ip', 'unshare', 'nsenter'].filter(
    (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0,
  );
  if (missing.length > 0) return `${missing.join(', ')} missing (apt-get install socat iproute2 util-linux)`;
  return spawnSync('unshare', ['--net', 'true']).status === 0 ? null : 'network namespaces are not allowed';
}

export interface KernelFaults {
  readonly loss: number;
  /** How many of the packets come up to 5 ms late. */
  readonly late: number;
  readonly seed: number;
}

export class KernelGuest {
  readonly tcp: Tcp;
  readonly counters = tcpCounters();
  /** While true, everything to the guest is lost. */
  deaf = false;
  readonly #children: ChildProcess[] = [];
  readonly #udp = dgram.createSocket('udp4');
  readonly #random: () => number;
  readonly #faults: KernelFaults;
  readonly #timer: NodeJS.Timeout;
  #closed = false;
  #namespace = 0;
  #socatPort = 0;
  #identification = 0;

  private constructor(mtu: number, faults: KernelFaults) {
    this.#faults = faults;
    this.#random = seeded(faults.seed);
    const host = {
      reach: { subnet: parseSubnet('10.77.0.0/24') as Subnet, hostLoopback: true },
      mtu,
      send: (packet: TransportPacket) => this.#toGuest(packet),
      writable: () => true,
    };
    this.tcp = new Tcp({ host, now: () => performance.now(), counters: this.counters, limited: () => {} });
    this.#timer = setInterval(() => this.tcp.tick(performance.now()), TICK_MS);
    this.#udp.on('message', (packet) => this.#faulty(() => this.#fromGuest(packet)));
  }

  static async start(mtu = 1500, faults: KernelFaults = { loss: 0, late: 0, seed: 1 }): Promise<KernelGuest> {
    for (let attempt = 1; ; attempt += 1) {
      const guest = new KernelGuest(mtu, faults);
      try {
        await guest.#start(mtu);
        return guest;
      } catch (error) {
        // On a busy computer socat may not be through with its device when that is moved, and takes it away.
        guest.close();
        if (attempt === ATTEMPTS_MAX) throw error;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  /** Runs a program in the guest. */
  run(command: string, words: readonly string[]): ChildProcess {
    const all = ['-t', String(this.#namespace), '-n', command, ...words];
    const child = spawn('nsenter', all, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children.push(child);
    return child;
  }

  /** Runs our program in the guest. @returns the first thing that it says. */
  async ask(...words: readonly string[]): Promise<unknown> {
    const child = this.run(process.execPath, [PROGRAM, ...words]);
    if (!child.stdout) throw new Error('a child without an output');
    for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
    throw new Error(`${words.join(' ')} ended without a word`);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.tcp.close();
    this.#udp.close();
    for (const child of this.#children.toReversed()) child.kill('SIGKILL');
  }

  async #start(mtu: number): Promise<void> {
    this.#udp.bind(0, '127.0.0.1');
    await once(this.#udp, 'listening');
    this.#udp.setRecvBufferSize(1 << 22);
    this.#socatPort = await freeUdpPort();
    const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
    this.#children.push(holder);
    await once(holder, 'spawn');
    this.#namespace = holder.pid ?? 0;
    const device = `lockstep${process.pid % 100_000}`;
    const mine = `UDP4-DATAGRAM:127.0.0.1:${this.#udp.address().port},bind=127.0.0.1:${this.#socatPort},rcvbuf=4194304`;
    const tun = `TUN,tun-type=tun,iff-no-pi,iff-up,tun-name=${device}`;
    this.#children.push(spawn('socat', ['-b', '70000', mine, tun], { stdio: 'ignore' }));
    const namespaceOf = (pid: number | string): string => readlinkSync(`/proc/${pid}/ns/net`);
    await eventually(() => {
      if (namespaceOf(this.#namespace) === namespaceOf('self')) throw new Error('the namespace is not there yet');
    });
    // It is up as soon as socat has nothing more to set; inside, it has to be brought up again.
    await eventually(() => {
      if (!command('ip', ['-o', 'link', 'show', device]).includes('UP')) throw new Error(`${device} is not up`);
    });
    command('ip', ['link', 'set', device, 'netns', String(this.#namespace)]);
    this.#inside('ip', ['link', 'set', device, 'mtu', String(mtu), 'up']);
    this.#inside('ip', ['link', 'set', 'lo', 'up']);
    this.#inside('ip', ['addr', 'add', '10.77.0.2/24', 'dev', device]);
    this.#inside('ip', ['route', 'add', 'default', 'via', '10.77.0.1']);
  }

  #inside(program: string, words: readonly string[]): void {
    command('nsenter', ['-t', String(this.#namespace), '-n', program, ...words]);
  }

  #faulty(carry: () => void): void {
    if (this.#random() < this.#faults.loss) return;
    const unlessClosed = (): void => {
      if (!this.#closed) carry();
    };
    if (this.#random() < this.#faults.late) setTimeout(unlessClosed, 1 + this.#random() * 4);
    else unlessClosed();
  }

  #toGuest({ source, destination, payload }: TransportPacket): boolean {
    if (this.deaf) return true;
    this.#identification = (this.#identification + 1) & 0xffff;
    const bytes = serializeIpv4({
      source,
      destination,
      payload,
      protocol: PROTOCOL.tcp,
      ttl: 64,
      identification: this.#identification,
      dontFragment: true,
      moreFragments: false,
      fragmentOffset: 0,
    });
    this.#faulty(() => this.#udp.send(bytes, this.#socatPort, '127.0.0.1', () => {}));
    return true;
  }

  #fromGuest(bytes: Uint8Array): void {
    const packet = parseIpv4(bytes);
    if (packet?.protocol === PROTOCOL.tcp) this.tcp.receive(packet, performance.now());
  }
}

/** @returns what it printed. @throws what it complained about. */
function command(program: string, words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, words);
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${String(stderr)}`);
  return String(stdout);
}

async function freeUdpPort(): Promise<number> {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
