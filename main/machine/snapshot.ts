import type { Snapshot } from './machine.ts';
export type Anatomy = any;
export function captureMachine(_a: Anatomy): Snapshot { throw new Error('not yet'); }
export function restoreMachine(_a: Anatomy, _s: Snapshot): void { throw new Error('not yet'); }
export function hashMachine(_a: Anatomy): string { throw new Error('not yet'); }
