/** A campaign's figures as text: medians and extremes of what each failure cost. */
import type { Failure } from './failures.ts';

export function percentiles(values: readonly number[]): string {
  if (values.length === 0) return '–';
  const sorted = values.toSorted((a, b) => a - b);
  const at = (fraction: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0).toFixed(1);
  return `median ${at(0.5)}, p90 ${at(0.9)}, worst ${at(1)} ms (n = ${sorted.length})`;
}

export function summary(done: readonly Failure[]): string {
  const groups = new Map<string, Failure[]>();
  for (const failure of done) {
    const name = failure.victim ? `${failure.fault} ${failure.victim}` : failure.fault;
    groups.set(name, [...(groups.get(name) ?? []), failure]);
  }
  const failovers = done.flatMap(({ fault, failover }) => (fault === 'kill' && failover ? [failover] : []));
  const line = (name: string, numbers: readonly number[]): string => `${name.padEnd(34)} ${percentiles(numbers)}`;
  const silence = [...groups].flatMap(([name, list]) =>
    Object.keys(list[0]?.silenceMs ?? {}).map((observer) =>
      line(
        `${observer} silent, ${name}`,
        list.flatMap((one) => one.silenceMs[observer] ?? []),
      ),
    ),
  );
  const again = done.map((failure) => failure.protectedMs);
  const stuns = done.flatMap((failure) => failure.stunMs ?? []);
  const phases = (['detectMs', 'drainMs', 'arbitrateMs', 'liveMs'] as const).map((phase) =>
    line(
      `primary killed: ${phase.slice(0, -2)}`,
      failovers.map((failover) => failover[phase]),
    ),
  );
  return [...silence, line('protected again', again), line('stun', stuns), ...phases].join('\n');
}
