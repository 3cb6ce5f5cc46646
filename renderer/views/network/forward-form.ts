/**
 * The form for a port forward, as data: what was typed, what is wrong with it, and the command it makes.
 *
 * Invariant: what is wrong is what the contract's own schema says, in its own words.
 */
import * as v from 'valibot';
import { commands, type CommandArgs, type ForwardView } from '../../../preload/contract/contract.ts';
import { parseForward } from '../../../preload/contract/network.ts';
import { sentence } from '../../text/format.ts';
import { hostWords } from '../../text/host-words.ts';

export interface ForwardForm {
  readonly protocol: ForwardView['protocol'];
  readonly hostAddress: string;
  readonly hostPort: string;
  readonly guestPort: string;
}

export type ForwardErrors = { readonly [field in keyof ForwardForm]?: string };

const LOOPBACK = '127.0.0.1';
const EMPTY: ForwardForm = { protocol: 'tcp', hostAddress: LOOPBACK, hostPort: '', guestPort: '' };
/** Ports at which web servers are expected. */
const WEB_PORTS: ReadonlySet<number> = new Set([80, 8080]);

type Described = Pick<ForwardView, 'protocol' | 'hostAddress' | 'hostPort' | 'guestPort'>;

export function forwardForm(forward: Described | null): ForwardForm {
  if (!forward) return EMPTY;
  const { protocol, hostAddress, hostPort, guestPort } = forward;
  return { protocol, hostAddress, hostPort: String(hostPort), guestPort: String(guestPort) };
}

/** What a whole forward such as `tcp:8080:80` says; null where the text is none. */
export function pastedForward(text: string): ForwardForm | null {
  try {
    return forwardForm(parseForward(text.trim()));
  } catch {
    return null;
  }
}

export function forwardArgs(form: ForwardForm): Omit<CommandArgs<'forward.add'>, 'vm'> {
  return {
    protocol: form.protocol,
    hostAddress: form.hostAddress.trim() || LOOPBACK,
    hostPort: numberOf(form.hostPort),
    guestPort: numberOf(form.guestPort),
  };
}

/** The first thing wrong with each field; empty when the command can be sent. */
export function checkForward(form: ForwardForm): ForwardErrors {
  const errors: { [field: string]: string } = {};
  const parsed = v.safeParse(commands['forward.add'], { vm: 'it', ...forwardArgs(form) });
  for (const issue of parsed.issues ?? []) {
    const key = issue.path?.[0]?.key;
    if (typeof key === 'string') errors[key] ??= hostWords(sentence(issue.message));
  }
  return errors;
}

/**
 * Where a web server behind the forward is reached from this page; null where it is none, or where the page is not on
 * the computer that the forward is for. `page` is the page's own address.
 */
export function forwardLink(forward: Described, page: Pick<Location, 'protocol' | 'hostname'>): string | null {
  if (forward.protocol !== 'tcp' || !WEB_PORTS.has(forward.guestPort)) return null;
  const { hostAddress, hostPort } = forward;
  const everywhere = hostAddress === '0.0.0.0' || hostAddress === '::';
  // The desktop window has an address of its own kind, and is where Lockstep runs.
  const desktop = !/^https?:$/.test(page.protocol);
  const local = desktop || /^(localhost|127\..*|\[::1\])$/.test(page.hostname);
  if (everywhere) return `http://${desktop ? '127.0.0.1' : page.hostname}:${hostPort}/`;
  const loopback = hostAddress === '::1' || hostAddress.startsWith('127.');
  if (loopback && !local) return null;
  return `http://${hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress}:${hostPort}/`;
}

function numberOf(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}
