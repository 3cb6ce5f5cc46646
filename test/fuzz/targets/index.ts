/**
 * Everything that can be fuzzed.
 *
 * Invariant: whoever takes bytes from outside this process has a target here.
 */
import type { Target } from '../target.ts';
import { inputs, link, screen, stream, wire } from './codecs.ts';
import { exported, kernel, media, sync } from './disks.ts';
import { door, websocket } from './doors.ts';
import { frames, requests } from './frames.ts';
import { acknowledgements, channel, log } from './log.ts';
import { machine } from './machine.ts';
import { recording, replaying } from './recording.ts';
import { chunks, container, restore, snapshot } from './state.ts';

export const TARGETS: readonly Target[] = [
  log,
  channel,
  acknowledgements,
  snapshot,
  container,
  restore,
  chunks,
  recording,
  replaying,
  sync,
  media,
  exported,
  kernel,
  door,
  websocket,
  link,
  stream,
  wire,
  requests,
  frames,
  inputs,
  screen,
  machine,
];
