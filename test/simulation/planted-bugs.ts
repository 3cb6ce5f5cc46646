/**
 * Bugs that the simulator must find: each breaks one promise of the protocol, by a change to the text of a source file
 * while it is loaded (patch.ts). None of them can be set in a shipped build: there is nothing to set.
 *
 * Invariant: a bug stands here with the promise that it breaks, and fits exactly one place.
 */
import type { Patch } from './patch.ts';

export interface PlantedBug extends Patch {
  readonly name: string;
  /** What is promised, and by this bug no longer. */
  readonly breaks: string;
}

const OUTPUT = 'main/ft/output.ts';
const PRIMARY = 'main/ft/primary.ts';
const BACKUP = 'main/ft/backup.ts';
const LEDGER = 'main/ft/disk-ledger.ts';
const OWN = 'main/ft/own-operations.ts';
const LEASE = 'test/support/toy-storage.ts';

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'release-before-acknowledgement',
    breaks: 'an output leaves only when its head is safe (one epoch too early)',
    file: OUTPUT,
    find: 'held.epoch >= this.#acknowledged',
    replace: 'held.epoch > this.#acknowledged',
  },
  {
    name: 'gate-never-closed',
    breaks: 'from `protect` on, outputs wait',
    file: PRIMARY,
    find: 'this.#gate.close(this.#protectEpoch);',
    replace: '',
  },
  {
    name: 'write-not-gated',
    breaks: 'a write to the disk is an output',
    file: PRIMARY,
    find: 'if (this.#disks.asked(request)) this.#outside.issue(request);',
    replace: 'this.#disks.asked(request);\n      if (true) this.#outside.issue(request);',
  },
  {
    name: 'read-overtakes-write',
    breaks: 'the guest reads what it has written',
    file: LEDGER,
    find: 'return !behind;',
    replace: 'return true;',
  },
  {
    name: 'input-committed-early',
    breaks: 'an input is kept outside until it cannot be lost',
    file: PRIMARY,
    find: "this.#gate.hold(epoch, { kind: 'committed', sequence: newest }, EFFECT_BYTES_MIN, madeMs);",
    replace: 'this.#outside.committed(newest);',
  },
  {
    name: 'protect-without-waiting',
    breaks: 'outputs before the capture have arrived before the backup may go live',
    file: PRIMARY,
    find: 'if (comparePositions(this.#confirmed, this.#mustConfirm) < 0) return;',
    replace: '',
  },
  {
    name: 'reemitted-not-waited-for',
    breaks: 'what a new primary has emitted again counts as an output before the capture',
    file: BACKUP,
    find: 'emitted: this.#backlog.rest().at(-1),',
    replace: '',
  },
  {
    name: 'released-when-emitted',
    breaks: 'the backup forgets an output only when its receiver has it',
    file: PRIMARY,
    find: 'epoch: this.#confirmed.epoch, index: this.#confirmed.index + 1',
    replace: 'epoch: this.#emitted.epoch, index: this.#emitted.index + 1',
  },
  {
    name: 'primary-skips-test-and-set',
    breaks: 'a primary that lost its backup goes on only with the lease',
    file: PRIMARY,
    find: '    if (!this.#protectSent) {\n      // The backup was never',
    replace: '    if (true) {\n      // The backup was never',
  },
  {
    name: 'backup-skips-test-and-set',
    breaks: 'a backup goes live only with the lease',
    file: BACKUP,
    find: 'this.#env.claim(this.#generation);',
    replace: "this.claimAnswered({ outcome: 'won' }, this.#suspicion.drainedAt);",
  },
  {
    name: 'lost-counts-as-won',
    breaks: 'who has lost the test-and-set halts',
    file: BACKUP,
    find: "    switch (result.outcome) {\n      case 'won':",
    replace: "    switch (result.outcome) {\n      case 'lost':\n      case 'won':",
  },
  {
    name: 'lease-without-generation',
    breaks: 'the test-and-set compares the generation',
    file: LEASE,
    find: 'if (this.generation !== generation)',
    replace: 'if (this.generation < generation)',
  },
  {
    name: 'generation-not-raised',
    breaks: 'who has won names the new generation from then on',
    file: BACKUP,
    find: 'this.#generation += 1;',
    replace: '',
  },
  {
    name: 'live-before-protect',
    breaks: 'a backup may go live only after `protect`',
    file: BACKUP,
    find: 'this.#received = entry.epoch;\n',
    replace: 'this.#received = entry.epoch;\n        this.#generation = 1;\n',
  },
  {
    name: 'drain-too-little',
    breaks: 'a backup executes all that it has received before it goes live',
    file: BACKUP,
    find: 'if (this.#execution || this.#queue.length > 0) return;',
    replace: '',
  },
  {
    name: 'forget-reemission',
    breaks: 'outputs that may not have left are emitted again',
    file: BACKUP,
    find: 'for (const output of this.#backlog.rest()) outside.emit(output);',
    replace: '',
  },
  {
    name: 'reemit-out-of-order',
    breaks: 'outputs are emitted again in their order',
    file: BACKUP,
    find: 'for (const output of this.#backlog.rest()) outside.emit(output);',
    replace: 'for (const output of this.#backlog.rest().toReversed()) outside.emit(output);',
  },
  {
    name: 'forget-pending-requests',
    breaks: 'pending disk requests are issued again',
    file: BACKUP,
    find: 'if (!this.#ownDiskGoesOn || !this.#own.has(request.id)) outside.issue(request);',
    replace: '',
  },
  {
    name: 'acknowledge-before-receipt',
    breaks: 'what is acknowledged has arrived',
    file: BACKUP,
    find: 'received: this.#received, mayGoLive',
    replace: 'received: this.#received + 1, mayGoLive',
  },
  {
    name: 'acknowledge-after-gap',
    breaks: 'a log with a gap is refused',
    file: BACKUP,
    find: 'if (epoch === this.#received) return;',
    replace: 'if (epoch >= this.#received) {\n      this.#received = epoch;\n      return;\n    }',
  },
  {
    name: 'inputs-lose-their-number',
    breaks: 'a new primary knows which inputs its state includes',
    file: BACKUP,
    find: 'for (const input of head.inputs) this.#lastInput = Math.max(this.#lastInput, input.sequence);',
    replace: '',
  },
  {
    name: 'snapshot-forgets-inputs',
    breaks: 'a snapshot says which inputs it includes',
    file: BACKUP,
    find: 'this.#lastInput = entry.lastInput;',
    replace: '',
  },
  {
    name: 'hash-not-compared',
    breaks: 'a backup whose state differs is found out',
    file: BACKUP,
    find: "if (why !== null) this.#halt('divergence', why);",
    replace: '',
  },
  {
    name: 'log-unbounded',
    breaks: 'a primary stalls when its log does not leave',
    file: PRIMARY,
    find: "const logFull = this.#state === 'protected' &&",
    replace: 'const logFull = false &&',
  },
  {
    name: 'gate-unbounded',
    breaks: 'a primary stalls when its gate is full',
    file: PRIMARY,
    find: 'const gateFull = this.#gate.heldBytes > GATE_BYTES_MAX;',
    replace: 'const gateFull = false;',
  },
  {
    name: 'backlog-unbounded',
    breaks: 'a backup that is far behind stops reading',
    file: BACKUP,
    find: "if (this.#heads > BACKLOG_HEADS_MAX && this.#state === 'replaying') this.#pauseChannel(true);",
    replace: '',
  },
  {
    name: 'starting-log-unbounded',
    breaks: 'the start of a backup is given up when its log grows too long',
    file: PRIMARY,
    find: "if (this.#state === 'starting' && this.#env.channel.unsentBytes() > STARTING_LOG_BYTES_MAX) {",
    replace: 'if (STARTING_LOG_BYTES_MAX === 0) {',
  },
  {
    name: 'primary-does-not-ask-again',
    breaks: 'a storage that was away is asked again',
    file: PRIMARY,
    find: 'this.#claimAgainAt = nowMs + CLAIM_RETRY_MS;',
    replace: '',
  },
  {
    name: 'backup-does-not-ask-again',
    breaks: 'a storage that was away is asked again',
    file: BACKUP,
    find: 'this.#claimAgainAt = nowMs + CLAIM_RETRY_MS;',
    replace: '',
  },
  {
    name: 'unfenced-write',
    breaks: 'a new primary touches a shared disk only when its predecessor cannot any more',
    file: 'test/simulation/disks.ts',
    find: 'this.#fenced = options.fenced;',
    replace: 'this.#fenced = true;',
  },
  {
    name: 'write-does-not-wait-for-own-read',
    breaks: 'the backup reads from the shared disk what the primary has read',
    file: LEDGER,
    find: "if (request.operation !== 'write') return true;",
    replace: 'if (request) return true;',
  },
  {
    name: 'reference-where-a-write-is-pending',
    breaks: 'a read that meets a write travels with its data',
    file: LEDGER,
    find: 'if (!ok || read.withData || ',
    replace: 'if (!ok || ',
  },
  {
    name: 'own-disk-not-waited-for',
    breaks: 'a head that completes a request is executed when the own disk is as far',
    file: OWN,
    find: 'return !operation || operation.completion !== null || !this.#waitsFor(input, operation.request);',
    replace: 'return !operation || true;',
  },
  {
    name: 'own-requests-issued-again',
    breaks: 'what is under way on its own disk is not issued again',
    file: BACKUP,
    find: '!this.#ownDiskGoesOn || !this.#own.has(request.id)',
    replace: 'request',
  },
  {
    name: 'own-completions-forgotten',
    breaks: 'what its own disk has completed is told to the guest after a failover',
    file: BACKUP,
    find: 'return this.#ownDiskGoesOn ? this.#own.undelivered() : [];',
    replace: 'return [];',
  },
  {
    name: 'write-missing-on-the-second-disk',
    breaks: 'a backup with a disk of its own writes what the guest writes',
    file: OWN,
    find: "const mine = request.operation === 'read' ? diskReads === 'backup' : diskMode === 'separate';",
    replace: "const mine = request.operation === 'read' && diskReads === 'backup';",
  },
];
