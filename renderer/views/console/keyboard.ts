/**
 * The guest's keyboard, from the browser's key events.
 *
 * Invariant: a key the guest saw pressed is seen released, at the latest when the keyboard is given back; Ctrl+Alt
 * pressed and released with no other key in between gives it back, and with other keys it is the guest's combination.
 */
import { scancodes } from '../../../preload/keys.ts';

export interface KeyPress {
  readonly code: string;
  readonly pressed: boolean;
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

export class GuestKeyboard {
  readonly #held = new Set<string>();
  /** Ctrl and Alt are down and no other key came since. */
  #chord = false;

  /** Browsers repeat `pressed` while a key is held, as a PC keyboard does. */
  key({ code, pressed }: KeyPress): KeyOutcome {
    return pressed ? this.#press(code) : this.#release(code);
  }

  /** Scan codes that release everything held, last pressed first. */
  releaseAll(): number[] {
    const codes = [...this.#held].toReversed().flatMap((code) => scancodes(code, false) ?? []);
    this.#held.clear();
    this.#chord = false;
    return codes;
  }

  #press(code: string): KeyOutcome {
    const ctrlAlt = this.#held.has(ALT) && CTRL.some((ctrl) => this.#held.has(ctrl));
    if (ctrlAlt && code === 'Enter') return this.#local('fullScreen');
    if (ctrlAlt && code === 'Insert') return this.#local('ctrlAltDel');
    const codes = scancodes(code, true);
    if (!codes) return IGNORE;
    const modifier = code === ALT || code === CTRL[0] || code === CTRL[1];
    const repeated = this.#held.has(code);
    this.#held.add(code);
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
    this.#held.delete(code);
    return { kind: 'send', codes: scancodes(code, false) ?? [] };
  }
}
