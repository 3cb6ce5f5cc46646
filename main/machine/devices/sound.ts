/**
 * The loudspeakers: the Sound Blaster's samples and the PC speaker's tone. Output layout: preload/contract/sound.ts.
 *
 * v86's sound card gives samples when a loudspeaker asks for them, and its DMA, its interrupts and so the guest's own
 * progress depend on when that happens. So the loudspeaker is part of the machine: it asks by the virtual clock, at
 * fixed points of the epoch, whether anybody listens or not.
 *
 * Invariant: while the card plays, between `AHEAD_MS` and a little more of sound has been taken beyond the present of
 * the virtual clock; what was taken, and when, is a function of the machine's state.
 */
import { encodeSound, SOUND_FRAMES_MAX, SOUND_RATE_MAX, TONE_HZ_MAX } from '../../../preload/contract/sound.ts';
import type { Bus } from '../v86-types.ts';

/** A sound card's own buffer holds about this much, in virtual milliseconds. */
const AHEAD_MS = 20;
/** Bounds one epoch's work: a block has at least 32 bytes. */
const REQUESTS_MAX = 64;
/** A guest may switch the PC speaker as fast as it can count: of one epoch's tones the last one is always kept. */
const TONES_MAX = 64;
const NS_PER_MS = 1e6;
/** The PIT's input clock. */
const PIT_HERTZ = 1_193_181.666;
const SQUARE_WAVE = 3;
const SAMPLE_MAX = 32_767;
/** v86's mixer: its sources and channels (see its mixer-volume messages). */
const MASTER = 0;
const DAC = 2;
const LEFT = 0;
const RIGHT = 1;
const BOTH = 2;
const SILENT_DB = -62;

export interface SoundState {
  readonly playing: boolean;
  readonly rate: number;
  /** Sound has been taken up to this virtual time, in nanoseconds. */
  readonly takenNs: number;
  readonly speaker: { readonly on: boolean; readonly mode: number; readonly reload: number };
  /** Decibels: master left and right, samples left and right. */
  readonly volumes: readonly number[];
}

export class Sound {
  readonly #bus: Bus;
  readonly #nowNs: () => number;
  #playing = false;
  #rate = 22_050;
  #takenNs = 0;
  #speaker = { on: false, mode: 0, reload: 0 };
  #volumes = [0, 0, 0, 0];
  #sent: Uint8Array[] = [];
  /** Tones among them. Once there are `TONES_MAX`, each replaces the last message. */
  #tones = 0;

  /** `listen` registers for what v86's devices say; `nowNs` is the virtual clock. */
  constructor(bus: Bus, listen: (name: string, listener: (value: never) => void) => void, nowNs: () => number) {
    this.#bus = bus;
    this.#nowNs = nowNs;
    listen('dac-enable', () => this.#play(true));
    listen('dac-disable', () => this.#play(false));
    listen('dac-tell-sampling-rate', (rate: number) => this.#setRate(rate));
    listen('dac-send-data', (channels: readonly Float32Array[]) => this.#take(channels));
    listen('mixer-volume', (change: readonly number[]) => this.#setVolume(change));
    listen('pcspeaker-enable', () => this.#setSpeaker({ on: true }));
    listen('pcspeaker-disable', () => this.#setSpeaker({ on: false }));
    listen('pcspeaker-update', ([mode, reload]: readonly number[]) =>
      this.#setSpeaker({ mode: mode ?? 0, reload: reload ?? 0 }),
    );
  }

  /** How long the card can do without the loudspeaker, in virtual milliseconds; infinite while it is silent. */
  get idleMs(): number {
    return this.#playing
      ? Math.max(0, (this.#takenNs - this.#nowNs()) / NS_PER_MS - AHEAD_MS)
      : Number.POSITIVE_INFINITY;
  }

  /** Takes what is due. */
  feed(): void {
    for (let requests = 0; this.#playing && requests < REQUESTS_MAX; requests += 1) {
      const now = this.#nowNs();
      if (this.#takenNs > now + AHEAD_MS * NS_PER_MS) return;
      const before = this.#takenNs;
      this.#bus.send('dac-request-data');
      if (this.#takenNs === before) {
        // Nothing to play yet: the guest's silence passes with its time.
        this.#takenNs = Math.max(before, now);
        return;
      }
    }
  }

  /** What was played since the last call. */
  takeSent(): Uint8Array[] {
    const sent = this.#sent;
    this.#sent = [];
    this.#tones = 0;
    return sent;
  }

  state(): SoundState {
    const state = { playing: this.#playing, rate: this.#rate, takenNs: this.#takenNs };
    return { ...state, speaker: { ...this.#speaker }, volumes: [...this.#volumes] };
  }

  restore(state: SoundState): void {
    this.#playing = state.playing;
    this.#rate = state.rate;
    this.#takenNs = state.takenNs;
    this.#speaker = { ...state.speaker };
    this.#volumes = [...state.volumes];
  }

  #play(playing: boolean): void {
    if (playing && !this.#playing) this.#takenNs = Math.max(this.#takenNs, this.#nowNs());
    this.#playing = playing;
  }

  /** The guest may write any number: one that no card has counts as the nearest that a card could have. */
  #setRate(rate: number): void {
    this.#rate = Math.min(SOUND_RATE_MAX, Math.max(1, Math.floor(rate) || 1));
  }

  #take([left, right]: readonly Float32Array[]): void {
    const frames = Math.min(left?.length ?? 0, right?.length ?? 0, SOUND_FRAMES_MAX);
    if (!left || !right || frames === 0) return;
    const [leftGain, rightGain] = this.#gains();
    const samples = new Int16Array(frames * 2);
    for (let index = 0; index < frames; index += 1) {
      samples[index * 2] = quantize((left[index] ?? 0) * leftGain);
      samples[index * 2 + 1] = quantize((right[index] ?? 0) * rightGain);
    }
    const startNs = Math.max(this.#takenNs, this.#nowNs());
    this.#takenNs = startNs + Math.round((frames * 1e9) / this.#rate);
    this.#sent.push(encodeSound({ kind: 'samples', startMs: startNs / NS_PER_MS, rate: this.#rate, samples }));
  }

  #setVolume([source, channel, decibels]: readonly number[]): void {
    const first = source === MASTER ? 0 : source === DAC ? 2 : -1;
    if (first < 0 || decibels === undefined || !Number.isFinite(decibels)) return;
    const bounded = Math.min(0, Math.max(SILENT_DB, decibels));
    if (channel === LEFT || channel === BOTH) this.#volumes[first] = bounded;
    if (channel === RIGHT || channel === BOTH) this.#volumes[first + 1] = bounded;
  }

  #gains(): [number, number] {
    const [masterLeft = 0, masterRight = 0, left = 0, right = 0] = this.#volumes;
    const gain = (decibels: number): number => (decibels <= SILENT_DB ? 0 : 10 ** (decibels / 20));
    return [gain(masterLeft + left), gain(masterRight + right)];
  }

  #setSpeaker(change: Partial<{ on: boolean; mode: number; reload: number }>): void {
    const before = this.#tone();
    this.#speaker = { ...this.#speaker, ...change };
    const hertz = this.#tone();
    if (hertz === before) return;
    if (this.#tones === TONES_MAX) this.#sent.pop();
    else this.#tones += 1;
    this.#sent.push(encodeSound({ kind: 'tone', startMs: this.#nowNs() / NS_PER_MS, hertz }));
  }

  #tone(): number {
    const { on, mode, reload } = this.#speaker;
    return on && mode === SQUARE_WAVE ? Math.min(TONE_HZ_MAX, Math.fround(PIT_HERTZ / (reload || 65_536))) : 0;
  }
}

function quantize(sample: number): number {
  return Math.max(-SAMPLE_MAX, Math.min(SAMPLE_MAX, Math.round(sample * SAMPLE_MAX)));
}
