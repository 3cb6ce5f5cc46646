/**
 * The figures of a VM, put together from what its replicas last reported.
 *
 * Invariant: unknown is null, never zero, wherever the contract lets it be.
 */
import type { FtStatus, VmMetrics } from '../../../preload/contract/contract.ts';
import type { VmRecord } from '../../store/vms.ts';
import type { Pair } from './pair.ts';

type State = Pick<FtStatus, 'status' | 'reason'>;

/** `runs`: it is on, and not on its way to off. */
export function ftStateOf(
  record: Pick<VmRecord, 'ftEnabled' | 'ftSuspended'>,
  pair: Pair | null,
  runs: boolean,
): State {
  if (!record.ftEnabled) return { status: 'notConfigured', reason: null };
  if (record.ftSuspended) return { status: 'suspended', reason: null };
  if (!pair || !runs) return { status: 'vmNotRunning', reason: null };
  return pair.status();
}

export function ftStatusOf(pair: Pair | null, state: State, hostName: string): FtStatus {
  const report = pair?.primary?.report ?? null;
  const delays = report?.outputDelayMs ?? null;
  return {
    ...state,
    primary: pair?.primary?.place(hostName) ?? null,
    secondary: pair?.secondary?.place(hostName) ?? null,
    generation: pair?.generation ?? 0,
    lagMs: report?.lagMs ?? null,
    vLockstepIntervalMs: report?.vLockstepIntervalMs ?? null,
    logBandwidthBitsPerSecond: report?.logBitsPerSecond ?? null,
    outputDelayMsP50: delays?.p50 ?? null,
    outputDelayMsP99: delays?.p99 ?? null,
    lastFailover: pair?.lastFailover ?? null,
    starting: pair?.starting ?? null,
    lastStart: pair?.lastStart ?? null,
  };
}

export function metricsOf(pair: Pair | null, network: VmMetrics['network']): VmMetrics {
  const report = pair?.primary?.measured ?? null;
  return {
    at: Date.now(),
    instructionsPerSecond: report?.instructionsPerSecond ?? 0,
    lagMs: report?.lagMs ?? null,
    vLockstepIntervalMs: report?.vLockstepIntervalMs ?? null,
    logBandwidthBitsPerSecond: report?.logBitsPerSecond ?? null,
    outputDelayMsP50: report?.outputDelayMs?.p50 ?? null,
    outputDelayMsP99: report?.outputDelayMs?.p99 ?? null,
    outputsHeld: report?.outputsHeld ?? 0,
    throttle: report?.throttle ?? 0,
    stalls: report?.stalls ?? 0,
    network,
    primary: pair?.primary?.metrics() ?? null,
    secondary: pair?.secondary?.metrics() ?? null,
  };
}
