/** The screen as others see it: text, graphics, changes only, and the same after a restore. */
import { expect, test, vi } from 'vitest';
import { createMachine } from '../../main/machine/emulated.ts';
import { decodeScreen, encodeScreen, type ScreenUpdate } from '../../preload/contract/screen.ts';
import { ScreenModel } from '../../preload/contract/screen-model.ts';
import { bootSector, linuxGuest, Runner, testGuest } from './guest.ts';

// Guests run as fast as the computer and its other work let them.
vi.setConfig({ testTimeout: 180_000 });

/** Through the codec, as a door would send it. */
function sent(update: ScreenUpdate): ScreenUpdate {
  return decodeScreen(encodeScreen(update));
}

/** Steps and feeds a model with changes only; at the end it must equal one made from a full look. */
function watch(runner: Runner, model: ScreenModel, steps: number): ScreenUpdate[] {
  const updates: ScreenUpdate[] = [];
  for (let epoch = 0; epoch < steps; epoch += 1) {
    runner.step();
    const update = epoch % 5 === 0 ? runner.machine.screen(false) : null;
    if (update === null) continue;
    updates.push(update);
    model.apply(sent(update));
  }
  const last = runner.machine.screen(false);
  if (last !== null) model.apply(sent(last));
  expect(model.text()).toEqual(runner.screen().text());
  expect(model.pixels()).toEqual(runner.screen().pixels());
  return updates;
}

test('a machine that has not been started shows nothing', async () => {
  const runner = await Runner.start(testGuest());
  expect(runner.machine.screen(false)).toEqual({ kind: 'blank', full: true });
  expect(runner.machine.screen(false)).toBeNull();
});

test('text appears with its font, colours and cursor, and later only what changed is told', async () => {
  const runner = await Runner.start(testGuest());
  runner.untilSerial('LOCKSTEP TEST GUEST');
  const model = new ScreenModel();
  const first = runner.machine.screen(true);
  expect(first).toMatchObject({ kind: 'text', full: true, columns: 80, rows: 25, font: { width: 9, height: 16 } });
  model.apply(sent(first as ScreenUpdate));
  expect(model.text().join('\n')).toMatch(/lockstep/i);
  const picture = model.pixels();
  expect([picture.width, picture.height]).toEqual([720, 400]);
  expect(new Set(new Uint32Array(picture.rgba.buffer)).size).toBeGreaterThan(1);
  const updates = watch(runner, model, 600);
  // The page counts ticks in one place: few rows change, never the font.
  expect(updates.length).toBeGreaterThan(5);
  for (const update of updates) {
    expect(update).toMatchObject({ kind: 'text', full: false });
    expect(update).not.toHaveProperty('font');
    if (update.kind === 'text') expect(update.lines.length).toBeLessThan(4);
  }
});

test('graphics arrive as tiles that add up to the picture', async () => {
  const runner = await Runner.start(testGuest());
  runner.untilSerial('LOCKSTEP TEST GUEST');
  const model = new ScreenModel();
  model.apply(runner.machine.screen(true) as ScreenUpdate);
  runner.type('g');
  const updates = watch(runner, model, 800);
  expect(updates.some((update) => update.kind === 'graphics' && !update.full)).toBe(true);
  const { width, height, rgba } = model.pixels();
  expect([width, height]).toEqual([320, 200]);
  expect(new Set(new Uint32Array(rgba.buffer)).size).toBeGreaterThan(32);
  expect(rgba.every((value, index) => index % 4 !== 3 || value === 255)).toBe(true);
  // Back to text: one full update says so.
  runner.type('x');
  const back = watch(runner, model, 200);
  expect(back.find((update) => update.kind === 'text')).toMatchObject({ full: true });
  expect(model.kind).toBe('text');
});

test('only what was drawn is told: one changed corner is one tile', async () => {
  // int 10h/13h; es = 0xa000; di = 0; then for ever: es:[di] = al, wait for an interrupt, al += 1.
  const sector = new Uint8Array(512);
  sector.set(Buffer.from('b81300cd10b800a08ec031ff268805fbf4fec0ebf7', 'hex'));
  sector.set([0x55, 0xaa], 510);
  const runner = await Runner.start(bootSector(sector));
  runner.until(() => runner.screen().kind === 'graphics');
  runner.steps(50);
  runner.machine.screen(true);
  runner.steps(100);
  const update = runner.machine.screen(false);
  expect(update).toMatchObject({ kind: 'graphics', full: false, tiles: [{ x: 0, y: 0, width: 64, height: 64 }] });
});

test('looking changes nothing that the guest could observe', async () => {
  const [watched, alone] = [await Runner.start(testGuest()), await Runner.start(testGuest())];
  for (let epoch = 0; epoch < 1500; epoch += 1) {
    if (epoch === 700) for (const runner of [watched, alone]) runner.type('g');
    watched.step();
    watched.machine.screen(epoch % 50 === 0);
    alone.step();
    expect(watched.machine.hash('cpu')).toBe(alone.machine.hash('cpu'));
  }
  expect(watched.machine.hash('full')).toBe(alone.machine.hash('full'));
});

for (const [mode, command] of [
  ['text', ''],
  ['graphics', 'g'],
] as const) {
  test(`a restored machine shows its ${mode} at once`, async () => {
    const config = testGuest();
    const runner = await Runner.start(config);
    runner.untilSerial('LOCKSTEP TEST GUEST');
    runner.type(command);
    runner.steps(500);
    const clone = await createMachine(config);
    clone.restore(runner.machine.capture());
    expect(runner.screen().kind).toBe(mode);
    expect(clone.screen(false)).toEqual(runner.machine.screen(true));
  });
}

test("Linux's console can be read as text", async () => {
  const runner = await Runner.start(linuxGuest());
  runner.until(() =>
    runner
      .screen()
      .text()
      .some((line) => line.includes('~#')),
  );
  const model = runner.screen();
  expect(model.text().join('\n')).toContain('Lockstep');
  expect(model.cursor).not.toBeNull();
});
