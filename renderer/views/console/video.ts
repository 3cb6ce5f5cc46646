/**
 * A video of the console: the browser's own recorder on the canvas.
 *
 * Invariant: what was recorded is saved when it ends, however it ends; it ends by itself before it takes more memory
 * than `VIDEO_BYTES_MAX`.
 */
import { download } from '../../download.ts';

const VIDEO_BYTES_MAX = 256 << 20;
const TYPE = 'video/webm';
const FRAMES_PER_SECOND = 30;
/** Data come this often, in milliseconds. */
const SLICE_MS = 1000;
/** Letters stay readable at this, in bits a second. */
const BITS_PER_SECOND = 4_000_000;

export interface Video {
  stop(): void;
}

export function canRecord(): boolean {
  return typeof MediaRecorder !== 'undefined' && MediaRecorder.isTypeSupported(TYPE);
}

/** `ended` is called once, with whether it was full. @throws {DOMException} when the browser does not begin. */
export function recordVideo(canvas: HTMLCanvasElement, name: string, ended: (full: boolean) => void): Video {
  const stream = canvas.captureStream(FRAMES_PER_SECOND);
  const recorder = new MediaRecorder(stream, { mimeType: TYPE, videoBitsPerSecond: BITS_PER_SECOND });
  const parts: Blob[] = [];
  let bytes = 0;
  recorder.addEventListener('dataavailable', ({ data }) => {
    parts.push(data);
    bytes += data.size;
    if (bytes > VIDEO_BYTES_MAX && recorder.state === 'recording') recorder.stop();
  });
  recorder.addEventListener('stop', () => {
    for (const track of stream.getTracks()) track.stop();
    if (bytes > 0) download(`${name}.webm`, TYPE, parts);
    ended(bytes > VIDEO_BYTES_MAX);
  });
  recorder.start(SLICE_MS);
  return {
    stop: () => {
      if (recorder.state !== 'inactive') recorder.stop();
    },
  };
}
