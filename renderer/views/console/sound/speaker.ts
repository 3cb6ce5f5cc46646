/**
 * A loudspeaker for one VM: what the `sound` topic says, played with WebAudio. When things are played is decided in
 * schedule.ts.
 *
 * Invariant: after `close`, and after the topic's end (power-off), nothing sounds; at most `PIECES_MAX` pieces wait.
 */
import { decodeSound, type SoundMessage } from '../../../../preload/contract/sound.ts';
import type { Bridge } from '../../../host/bridge.ts';
import { audible, pieceOf, SoundSchedule } from './schedule.ts';

const PIECES_MAX = 512;
/** A square wave at full loudness is unpleasant beside samples. */
const TONE_GAIN = 0.15;

export interface Speaker {
  /** The guest stands still, and what it plays with it. */
  hold(held: boolean): void;
  close(): void;
}

/**
 * To be opened after the page was clicked or a key was pressed: no browser lets it sound before. `onEnd` is told when
 * the topic ends, null at power-off.
 */
export function openSpeaker(bridge: Bridge, vm: string, onEnd: (error: Error | null) => void): Speaker {
  const context = new AudioContext({ latencyHint: 'interactive' });
  let line = new Line(context);
  const subscription = bridge.subscribe(
    'sound',
    { vm },
    {
      begin: () => {
        line.stop();
        line = new Line(context);
      },
      bytes: (bytes) => {
        // Its clock stands still until then: what came meanwhile would be played in one heap.
        if (context.state === 'running') line.play(decodeSound(bytes));
      },
      end: (error) => {
        line.stop();
        onEnd(error);
      },
    },
  );
  return {
    hold: (held) => void (held ? context.suspend() : context.resume()),
    close: () => {
      subscription.cancel();
      line.stop();
      void context.close();
    },
  };
}

/** One line of sound, from its first message until it is stopped. */
class Line {
  readonly #context: AudioContext;
  readonly #schedule = new SoundSchedule();
  readonly #pieces = new Set<AudioBufferSourceNode>();
  #tone: { readonly oscillator: OscillatorNode; readonly gain: GainNode } | null = null;

  constructor(context: AudioContext) {
    this.#context = context;
  }

  play(message: SoundMessage): void {
    const plan = this.#schedule.plan(message, this.#context.currentTime);
    if (!plan) return;
    if (plan.restart) this.stop();
    if (message.kind === 'tone') this.#playTone(message.hertz, plan.at);
    else this.#playPiece(message, plan.at);
  }

  stop(): void {
    for (const piece of this.#pieces) piece.stop();
    this.#pieces.clear();
    this.#tone?.oscillator.stop();
    this.#tone?.gain.disconnect();
    this.#tone = null;
  }

  #playPiece(message: Extract<SoundMessage, { kind: 'samples' }>, at: number): void {
    if (message.samples.length === 0 || this.#pieces.size >= PIECES_MAX) return;
    const { rate, left, right } = pieceOf(message);
    const buffer = new AudioBuffer({ length: left.length, numberOfChannels: 2, sampleRate: rate });
    buffer.copyToChannel(left, 0);
    buffer.copyToChannel(right, 1);
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(this.#context.destination);
    source.addEventListener('ended', () => this.#pieces.delete(source));
    this.#pieces.add(source);
    source.start(at);
  }

  #playTone(hertz: number, at: number): void {
    const heard = audible(hertz);
    if (!this.#tone) {
      if (heard === 0) return;
      const gain = new GainNode(this.#context, { gain: 0 });
      const oscillator = new OscillatorNode(this.#context, { type: 'square', frequency: heard });
      oscillator.connect(gain).connect(this.#context.destination);
      oscillator.start();
      this.#tone = { oscillator, gain };
    }
    if (heard > 0) this.#tone.oscillator.frequency.setValueAtTime(heard, at);
    this.#tone.gain.gain.setValueAtTime(heard > 0 ? TONE_GAIN : 0, at);
  }
}
