/**
 * The guest's keyboard, from the browser's key events.
 *
 * Invariant: a key the guest saw pressed is seen released, at the latest when the keyboard is given back, or when the
 * browser says of a modifier that it is up; Ctrl+Alt pressed and released with no other key in between gives the
 * keyboard back, and with other keys it is the guest's combination.
 */
import { BREAK, scancodes, SYSRQ } from '../../../preload/contract/keys.ts';

export interface KeyPress {
  readonly code: string;
  readonly pressed: boolean;
  /** Modifiers that the browser says are down, with this key; left out where nobody asked it. */
  readonly down?: Modifiers;
}

export interface Modifiers {
  readonly ctrl: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
  readonly meta: boolean;
}

/** `send` sends scan codes; `local` does what the page itself does with a combination. */
export type KeyOutcome =
  | { readonly kind: 'send'; readonly codes: readonly number[] }
  | { readonly kind: 'local'; readonly what: 'release' | 'fullScreen' | 'ctrlAltDel' }
  | { readonly kind: 'ignore' };

const IGNORE: KeyOutcome = { kind: 'ignore' };
const CTRL = ['ControlLeft', 'ControlRight'] as const;
/** AltGr (AltRight) is not meant: with Ctrl it types characters on many keyboards. */
const ALT = 'AltLeft';
const MODIFIERS: { readonly [name in keyof Modifiers]: readonly string[] } = {
  ctrl: CTRL,
  // Not AltRight: where it is AltGr, browsers say neither that Alt is down nor that it is not.
  alt: [ALT],
  shift: ['ShiftLeft', 'ShiftRight'],
  meta: ['MetaLeft', 'MetaRight'],
};
const ALL_MODIFIERS = new Set([...Object.values(MODIFIERS).flat(), 'AltRight']);

export class GuestKeyboard {
  /** What is down, in the order in which it was pressed, and the scan codes that release it. */
  readonly #held = new Map<string, readonly number[]>();
  readonly #mac: boolean;
  /** Ctrl and Alt are down and no other key came since. */
  #chord = false;

  /** On a Mac, Caps Lock is told pressed when it goes on and released when it goes off. */
  constructor(mac = false) {
    this.#mac = mac;
  }

  /** Browsers repeat `pressed` while a key is held, as a PC keyboard does. */
  key({ code, pressed, down }: KeyPress): KeyOutcome {
    const lost = down ? this.#releaseLost(code, down) : [];
    const outcome = this.#key(code, pressed);
    if (lost.length === 0 || outcome.kind === 'local') return outcome;
    return { kind: 'send', codes: [...lost, ...(outcome.kind === 'send' ? outcome.codes : [])] };
  }

  /** Scan codes that release everything held, last pressed first. */
  releaseAll(): number[] {
    const codes = [...this.#held.values()].toReversed().flat();
    this.#held.clear();
    this.#chord = false;
    return codes;
  }

  #key(code: string, pressed: boolean): KeyOutcome {
    // These two are told once only: on a Mac when the light changes, and by some systems only when it is released.
    const once = (this.#mac && code === 'CapsLock') || (code === 'PrintScreen' && !pressed && !this.#held.has(code));
    if (once) return { kind: 'send', codes: [...(scancodes(code, true) ?? []), ...(scancodes(code, false) ?? [])] };
    return pressed ? this.#press(code) : this.#release(code);
  }

  /** A window that took the focus, or the system, may have kept a modifier's release to itself. */
  #releaseLost(code: string, down: Modifiers): number[] {
    const lost = (Object.keys(MODIFIERS) as (keyof Modifiers)[]).flatMap((name) =>
      down[name] ? [] : MODIFIERS[name].filter((key) => key !== code && this.#held.has(key)),
    );
    if (lost.length > 0) this.#chord = false;
    return this.#let(lost);
  }

  #press(code: string): KeyOutcome {
    const ctrl = CTRL.some((key) => this.#held.has(key));
    const ctrlAlt = ctrl && this.#held.has(ALT);
    if (ctrlAlt && code === 'Enter') return this.#local('fullScreen');
    if (ctrlAlt && code === 'Insert') return this.#local('ctrlAltDel');
    const alt = this.#held.has(ALT) || this.#held.has('AltRight');
    const special = code === 'Pause' && ctrl ? BREAK : code === 'PrintScreen' && alt ? SYSRQ : null;
    const codes = special?.press ?? scancodes(code, true);
    if (!codes) return IGNORE;
    const modifier = code === ALT || code === CTRL[0] || code === CTRL[1];
    const repeated = this.#held.has(code);
    if (!repeated) this.#held.set(code, special?.release ?? scancodes(code, false) ?? []);
    if (!modifier) this.#chord = false;
    else if (!repeated) this.#chord = this.#held.size === 2 && this.#held.has(ALT);
    return { kind: 'send', codes };
  }

  #local(what: 'fullScreen' | 'ctrlAltDel'): KeyOutcome {
    this.#chord = false;
    return { kind: 'local', what };
  }

  #release(code: string): KeyOutcome {
    if (!this.#held.has(code)) return IGNORE;
    if (this.#chord) return { kind: 'local', what: 'release' };
    // A Mac tells no release of a key that goes up while Command is down.
    const kept = code.startsWith('Meta') ? [...this.#held.keys()].filter((key) => !ALL_MODIFIERS.has(key)) : [];
    return { kind: 'send', codes: this.#let([...kept.toReversed(), code]) };
  }

  #let(keys: readonly string[]): number[] {
    const codes = keys.flatMap((key) => this.#held.get(key) ?? []);
    for (const key of keys) this.#held.delete(key);
    return codes;
  }
}
