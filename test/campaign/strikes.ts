/**
 * One failure of a campaign, from a Protected pair to a Protected pair: the fault, what must come of it, what it cost.
 *
 * Invariants: only processes of the campaign's own host are killed; after a fault that one copy survives, every
 * observer goes on, by one of the two replicas that were there, in one generation more.
 */
import type { FtStatus } from '../../preload/contract/contract.ts';
import { isAlive } from '../support/host.ts';
import { until, VM } from './life.ts';
import type { Step } from './plan.ts';
import { sortieName, type Sortie } from './points.ts';
import type { Failure } from './results.ts';
import type { Scene } from './scene.ts';

const pids = ({ primary, secondary }: FtStatus): number[] =>
  [primary, secondary].flatMap((place) => (place ? [place.pid] : []));

/** Does what the step says. @throws {Error} with the violation. */
export async function strike(scene: Scene, step: Step): Promise<Failure> {
  await scene.use(step.mode);
  await scene.isProtected();
  await new Promise((resolve) => setTimeout(resolve, step.waitMs));
  scene.life.check();
  const before = await scene.isProtected();
  const { lagMs, logBandwidthBitsPerSecond, outputDelayMsP50, outputDelayMsP99 } = await scene.host.call('metrics', {
    vm: VM,
  });
  scene.life.takeSilence();
  const failedAt = performance.now();
  const { life } = scene;
  const { outcome, silenceMs } = await act(scene, step, before, failedAt);
  const after = await scene.isProtected();
  const protectedMs = performance.now() - failedAt;
  const changed = after.primary?.pid !== before.primary?.pid;
  if (outcome === 'lived') life.check();
  const { number, fault, victim, mode, sortie } = step;
  return {
    number,
    fault,
    victim,
    point: sortie ? sortieName(sortie) : null,
    mode,
    outcome,
    silenceMs,
    protectedMs,
    suspicions: outcome === 'lived' ? extra(step, before, after) : 0,
    stunMs: after.lastStart?.stunMs ?? null,
    failover: outcome === 'lived' && changed ? after.lastFailover : null,
    metrics: { lagMs, logBandwidthBitsPerSecond, outputDelayMsP50, outputDelayMsP99 },
  };
}

type Came = Pick<Failure, 'outcome' | 'silenceMs'>;

function act(scene: Scene, step: Step, before: FtStatus, failedAt: number): Promise<Came> {
  switch (step.fault) {
    case 'point':
      return atPoint(scene, step, step.sortie as Sortie, before);
    case 'gateway':
      return killGateway(scene, step, before, failedAt);
    case 'host':
      return scene.killHost().then(() => ({ outcome: 'ended', silenceMs: {} }));
    default:
      return atAnyMoment(scene, step, before);
  }
}

/** A kill, a hang or a cut of a Protected pair: the guest lives on, whoever was hit. */
async function atAnyMoment(scene: Scene, step: Step, before: FtStatus): Promise<Came> {
  const { fault, victim } = step;
  const { host } = scene;
  if (victim && fault === 'random') process.kill(before[victim]?.pid ?? 0, 'SIGKILL');
  else await host.call('fault', { vm: VM, kind: victim ? `hang-${victim}` : 'cut-channel' });
  await until(
    async () => (await scene.status()).generation !== before.generation,
    `after the fault (${fault}) somebody goes on`,
  );
  await scene.life.goesOn();
  const silenceMs = scene.life.takeSilence();
  if (fault === 'hang') await wake(scene);
  await goesOnAs(scene, step, before);
  return { outcome: 'lived', silenceMs };
}

/** Who hangs goes on, unless it was ended meanwhile: then nothing lasts that could be healed, and the host says so. */
async function wake({ host }: Scene): Promise<void> {
  await host.call('fault', { vm: VM, kind: 'heal' }).catch((error: Error) => {
    if (!error.message.includes('nothing to heal')) throw error;
  });
}

/**
 * How many test-and-sets there were beyond that of the fault: on a busy computer a replica may get no time for longer
 * than the failure timeout, and is suspected, which is no violation.
 */
function extra({ fault, victim }: Step, before: FtStatus, after: FtStatus): number {
  const own = fault === 'gateway' && victim === null ? 0 : 1;
  return Math.max(0, after.generation - before.generation - own);
}

/** The pair is Protected again, with the primary that it should have, unless others were suspected meanwhile. */
async function goesOnAs(scene: Scene, step: Step, before: FtStatus): Promise<void> {
  const { victim } = step;
  const after = await scene.isProtected();
  if (extra(step, before, after) > 0) return;
  const primary = after.primary?.pid ?? 0;
  if (!pids(before).includes(primary)) throw new Error(`process ${primary} is the primary, and was not there before`);
  const changed = primary !== before.primary?.pid;
  if (victim && changed !== (victim === 'primary')) throw new Error(`the ${victim} was hit, and the wrong one went on`);
}

/* ------------------------------------------------------------------ named points -------------------------------- */

async function atPoint(scene: Scene, step: Step, sortie: Sortie, before: FtStatus): Promise<Came> {
  const { outcome } = sortie;
  scene.life.mayBeCut(outcome !== 'lives');
  const armed = await bringToPoint(scene, sortie, step.count, before);
  await until(() => !isAlive(armed), `process ${armed} dies ${sortieName(sortie)}`);
  if (sortie.trigger === 'hang primary') letGoOn(before.primary?.pid ?? 0);
  if (outcome !== 'lives' && (await ended(scene, sortie, [...pids(before), armed]))) {
    await scene.beginAnew(pids(before));
    return { outcome: 'ended', silenceMs: {} };
  }
  if (outcome === 'ends') throw new Error(`a guest without a copy goes on after a death ${sortieName(sortie)}`);
  scene.life.mayBeCut(false);
  await scene.life.goesOn();
  const silenceMs = scene.life.takeSilence();
  await until(async () => !pids(await scene.status()).includes(armed), 'the dead process leaves the pair');
  // The two of before are dead where the sender of a snapshot died: its receiver goes on, if it had heard enough.
  const bothDied = sortie.armed === 'primary' && sortie.trigger === 'kill secondary';
  if (!bothDied) await goesOnAs(scene, step, before);
  return { outcome: 'lived', silenceMs };
}

/** @returns the process that dies at the point. */
async function bringToPoint(scene: Scene, sortie: Sortie, count: number, before: FtStatus): Promise<number> {
  const { host } = scene;
  const at = { when: sortie.when, point: sortie.point, count };
  const arm = async (who: 'primary' | 'secondary'): Promise<number> => {
    const { pid } = await host.call('fault', { vm: VM, kind: `crash-${who}`, at });
    if (pid === null) throw new Error(`there is no ${who} that could die`);
    return pid;
  };
  const armed = sortie.armed === 'next' ? null : await arm(sortie.armed);
  const { primary, secondary } = before;
  // Both come by ways of their own: the order must be there before the channel closes.
  if (sortie.trigger === 'kill primary') await hears(scene, 'secondary');
  if (sortie.trigger === 'kill primary') process.kill(primary?.pid ?? 0, 'SIGKILL');
  if (sortie.trigger === 'kill secondary') process.kill(secondary?.pid ?? 0, 'SIGKILL');
  if (sortie.trigger === 'hang primary') await host.call('fault', { vm: VM, kind: 'hang-primary' });
  if (sortie.trigger === 'cut channel') await host.call('fault', { vm: VM, kind: 'cut-channel' });
  if (armed !== null) return armed;
  const next = async (): Promise<boolean> => {
    const now = (await scene.status()).secondary;
    return now !== null && now.pid !== secondary?.pid;
  };
  await until(next, 'another secondary is started');
  return arm('secondary');
}

/** A replica has taken in what it was told until now: it has reported since, twice, since one may be on its way. */
async function hears(scene: Scene, who: 'primary' | 'secondary'): Promise<void> {
  for (let report = 0; report < 2; report += 1) {
    const epoch = (await scene.status())[who]?.epoch;
    await until(async () => (await scene.status())[who]?.epoch !== epoch, `the ${who} reports`);
  }
}

function letGoOn(pid: number): void {
  // Its fleet may have ended it already, for the sake of a shared disk.
  if (isAlive(pid)) process.kill(pid, 'SIGCONT');
}

/** Waits until it is clear: the VM is off, or one of the two goes on with a new secondary on its way or there. */
async function ended(scene: Scene, sortie: Sortie, dead: readonly number[]): Promise<boolean> {
  let off = false;
  await until(
    async () => {
      const { power, ft } = await scene.view();
      off = power === 'off';
      return off || (ft.status === 'protected' && !dead.includes(ft.secondary?.pid ?? 0));
    },
    `after a death ${sortieName(sortie)} the VM is off or Protected again`,
  );
  return off;
}

/* ------------------------------------------------------------------ the gateway --------------------------------- */

/** The guest's connections are cut and made again; it runs on, also where the primary dies with the gateway. */
async function killGateway(scene: Scene, step: Step, before: FtStatus, failedAt: number): Promise<Came> {
  const { host, life } = scene;
  const { victim } = step;
  const { gatewayPid } = await host.call('host.show', {});
  if (gatewayPid === null) throw new Error('there is no gateway');
  life.mayBeCut(true);
  process.kill(gatewayPid, 'SIGKILL');
  if (victim) process.kill(before[victim]?.pid ?? 0, 'SIGKILL');
  await until(
    async () => ![null, gatewayPid].includes((await host.call('host.show', {})).gatewayPid),
    'the gateway is started again',
  );
  await life.reconnect(failedAt);
  await life.goesOn();
  const silenceMs = life.takeSilence();
  const after = await scene.isProtected();
  if (victim) await goesOnAs(scene, step, before);
  else if (extra(step, before, after) === 0 && pids(after).join() !== pids(before).join())
    throw new Error('a replica died with the gateway');
  return { outcome: 'lived', silenceMs };
}
