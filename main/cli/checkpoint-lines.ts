/** What the command line shows of automatic checkpoints. */
import type { VmView } from '../../preload/contract/contract.ts';

/** A length of time as people say it. */
export function span(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const parts = [hours > 0 && `${hours} h`, minutes > 0 && `${minutes} min`, `${seconds % 60} s`];
  return parts.filter(Boolean).join(' ');
}

export function time(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

/** The lines of `vm show`. */
export function checkpointLines({
  name,
  power,
  suspended,
  checkpoint,
  checkpointMinutes = 0,
}: VmView): readonly (readonly [string, string])[] {
  const every = checkpointMinutes === 0 ? 'off' : `every ${checkpointMinutes} min`;
  if (!checkpoint) return [['Checkpoints', every]];
  const { at, ranUntil, bytes, epoch } = checkpoint;
  const last = `${time(at)} UTC, epoch ${epoch}, ${(bytes / 2 ** 20).toFixed(1)} MB`;
  const until = ranUntil === null ? [] : [['It ran until', `${time(ranUntil)} UTC`] as const];
  const remedy =
    power === 'off' && !suspended ? [['Resume from there', `lockstep checkpoint resume ${name}`] as const] : [];
  return [['Checkpoints', every], ['Last checkpoint', last], ...until, ...remedy];
}
