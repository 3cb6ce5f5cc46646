// Tasks, alarms, events, settings and recordings in the built page, in a browser, against the fake host.

import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { seriousFaultsInEveryTheme } from '../support/axe.ts';
import { fakeAlarm, fakeTask } from './fake/history.ts';
import type { FakeHost } from './fake/host.ts';
import { fakeVm, OFF, PRIMARY, SECONDARY } from './fake/world.ts';
import { NO_BROWSER, PAGE_TEST, pageUnderTest } from './page-under-test.ts';

const guarded = fakeVm('Sample Linux', {
  power: 'on',
  poweredOnAt: Date.now(),
  ftEnabled: true,
  ft: { ...OFF, status: 'protected', primary: PRIMARY, secondary: SECONDARY },
});
const at = (tab: string) => `#/vm/${guarded.id}/${tab}`;

describe.skipIf(NO_BROWSER)('the page', PAGE_TEST, () => {
  const the = pageUnderTest({ world: (world) => world.put(guarded) });
  let host: FakeHost;
  let page: Page;
  beforeEach(() => void ({ host, page } = the));

  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const asked = (command: string) => host.world.performed.filter((one) => one.command === command);

  test('recent tasks show how far one is, and then how it ended', async () => {
    const task = fakeTask(guarded, 1, { endedAt: null, outcome: null, progress: 0.42, phase: 'Copying the state' });
    host.world.task(task);
    await page.goto(host.url + at('summary'));
    const pane = page.getByRole('region', { name: 'Recent tasks' }).first();
    await pane.getByText('Copying the state').waitFor();
    const bar = pane.getByRole('progressbar', { name: 'Power on virtual machine: Sample Linux' });
    expect(await bar.getAttribute('value')).toBe('42');
    host.world.task({ ...task, endedAt: Date.now(), outcome: 'failed', error: 'no memory is left', phase: null });
    await pane.locator('.task-outcome').getByText('Failed').waitFor();
    await pane.getByText('no memory is left').waitFor();
    expect(await bar.count()).toBe(0);
  });

  test('the target of a recent task is a way to its VM, as long as there is that VM', async () => {
    host.world.task(fakeTask(fakeVm('Deleted'), 1));
    host.world.task(fakeTask(guarded, 2));
    await page.goto(`${host.url}#/events`);
    const pane = page.getByRole('region', { name: 'Recent tasks' }).first();
    await pane.getByRole('cell', { name: 'Deleted', exact: true }).waitFor();
    expect(await pane.locator('.task-target button').allTextContents()).toEqual(['Sample Linux']);
  });

  test('recent tasks are searched, and filtered by how they ended', async () => {
    host.world.task(fakeTask(guarded, 1, { endedAt: null, outcome: null, progress: 0.42, phase: 'Copying the state' }));
    host.world.task(fakeTask(guarded, 2, { kind: 'ft.on', outcome: 'failed', error: 'no memory is left' }));
    host.world.task(fakeTask(guarded, 3));
    await page.goto(host.url + at('summary'));
    const pane = page.getByRole('region', { name: 'Recent tasks' }).first();
    const shown = () =>
      pane.locator('tr[data-task]').evaluateAll((rows) => rows.map((one) => one.getAttribute('data-outcome')));
    await expect.poll(shown).toEqual(['done', 'failed', 'running']);
    await pane.getByRole('combobox', { name: 'Status' }).selectOption('Failed');
    await expect.poll(shown).toEqual(['failed']);
    await pane.getByRole('combobox', { name: 'Status' }).selectOption('Any status');
    await pane.getByRole('searchbox', { name: 'Search tasks' }).fill('copying');
    await expect.poll(shown).toEqual(['running']);
    await pane.getByRole('searchbox', { name: 'Search tasks' }).fill('no such thing');
    await pane.getByText('No task matches the search.').waitFor();
  });

  test('recent tasks are put away by keyboard, still tell the newest, and stay so after a reload', async () => {
    host.world.task(fakeTask(guarded, 1));
    await page.goto(host.url + at('summary'));
    await button('Hide recent tasks').focus();
    await page.keyboard.press('Enter');
    await button('Show recent tasks').waitFor();
    await page.getByText('Power on virtual machine · Sample Linux').waitFor();
    await page.reload();
    await button('Show recent tasks').waitFor();
  });

  test('an alarm is in the inventory in words, and gone when it is acknowledged', async () => {
    host.world.alarm(fakeAlarm(guarded, 1, { about: 'event', name: 'Fault Tolerance failover' }));
    await page.goto(host.url + at('summary'));
    const item = page.getByRole('treeitem').first();
    await item.getByTestId('alarm-mark').waitFor();
    expect(await item.textContent()).toContain('1 alarm: Critical');
    await page.getByText('Fault Tolerance failover').waitFor();
    await button('Acknowledge').click();
    await item.getByTestId('alarm-mark').waitFor({ state: 'detached' });
    expect(asked('alarm.acknowledge')).toEqual([
      { command: 'alarm.acknowledge', args: expect.objectContaining({ id: 1 }) },
    ]);
  });

  test('the count of alarms has the colour of the worst that is not acknowledged, and says it', async () => {
    const alarms = [
      fakeAlarm(guarded, 1, { severity: 'warning' }),
      fakeAlarm(guarded, 2, { acknowledgedAt: Date.now() }),
    ];
    for (const alarm of alarms) host.world.alarm(alarm);
    await page.goto(`${host.url}#/events`);
    const count = page.getByTestId('alarm-count');
    const colour = () => count.evaluate((element) => getComputedStyle(element).color);
    expect(await count.textContent()).toBe('1 Warning');
    // The light theme's --warn, and below the --bad of high contrast, which axe looks at last.
    expect(await colour()).toBe('rgb(133, 82, 0)');
    expect(await seriousFaultsInEveryTheme(page, '.places')).toEqual([]);
    host.world.alarm(fakeAlarm(guarded, 3));
    await expect.poll(() => count.textContent()).toBe('2 Critical');
    expect(await colour()).toBe('rgb(255, 156, 148)');
    expect(await seriousFaultsInEveryTheme(page, '.places')).toEqual([]);
  });

  test('an alarm about a condition stays when it is acknowledged; history shows those that were cleared', async () => {
    host.world.alarm(fakeAlarm(guarded, 1));
    host.world.alarm(fakeAlarm(guarded, 2, { clearedAt: Date.now(), name: 'Cannot connect to storage' }));
    await page.goto(`${host.url}#/alarms`);
    await button('Acknowledge').click();
    await page.getByText('Acknowledged', { exact: true }).waitFor();
    expect(await page.getByText('Cannot connect to storage').count()).toBe(0);
    await button('History').click();
    await page.getByText('Cannot connect to storage').waitFor();
  });

  test('events are searched by the host, shown page by page, and exported whole', async () => {
    for (let number = 1; number <= 450; number++) {
      host.world.event(guarded, number % 9 === 0 ? 'ft.failover' : 'power.on', `number ${number} of it`);
    }
    await page.goto(host.url + at('events'));
    await page.getByText('200+ events').waitFor();
    await button('Show older events').click();
    await page.getByText('400+ events').waitFor();
    await button('Show older events').click();
    await page.getByText('450 events').waitFor();
    expect(await button('Show older events').count()).toBe(0);

    await page.getByLabel('Kind').selectOption('ft');
    await page.getByText('50 events').waitFor();
    await page.getByLabel('Search events').fill('number 9');
    await page.getByText('3 events').waitFor();
    host.world.event(guarded, 'ft.failover', 'number 999 of it');
    await page.getByText('4 events').waitFor();

    const [download] = await Promise.all([page.waitForEvent('download'), button('Export CSV').click()]);
    expect(download.suggestedFilename()).toBe('Sample Linux events.csv');
    const lines = readFileSync(await download.path(), 'utf8').split('\r\n');
    expect(lines[0]).toBe('id,time,severity,vm,kind,message,data');
    expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual(['9', '90', '99', '451', '']);
  });

  test('settings are checked as one types, and only what was changed is sent', async () => {
    await page.goto(host.url + at('summary'));
    await button('Edit FT settings…').click();
    const save = button('Save');
    expect(await save.getAttribute('aria-disabled')).toBe('true');
    const hard = page.getByLabel('Slow it most from a lag of');
    await hard.fill('100');
    await page.getByRole('alert').getByText('It must be more than the lag that slows the primary.').waitFor();
    await save.click();
    await hard.fill('2000');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(asked('vm.set').map(({ args }) => args)).toEqual([{ vm: guarded.id, lagHardMs: 2000 }]);
  });

  test('a recording is started without a file name, says where it goes, and is stopped', async () => {
    await page.goto(host.url + at('summary'));
    await button('More actions').click();
    await page.getByRole('menuitem', { name: 'Record…' }).click();
    await page.getByRole('dialog').getByText('/home/ada/.local/share/lockstep/recordings').waitFor();
    await button('Start recording').click();
    const file = '/home/ada/.local/share/lockstep/recordings/Sample Linux-1.lockrec';
    await page.getByRole('note').getByText(file).waitFor();
    expect(asked('record.start').map(({ args }) => args)).toEqual([{ vm: guarded.id, force: false }]);
    await button('Stop recording').click();
    await page.getByText(`${file} (4,200 epochs, 7 MiB)`).waitFor();
    expect(await page.getByRole('note').count()).toBe(0);
  });

  test('the monitor shows every figure', async () => {
    await page.goto(host.url + at('monitor'));
    await page.locator('[data-figure=stalls] canvas').waitFor();
    const figures = await page.locator('figure .plot-label').allTextContents();
    expect(figures).toEqual([
      'CPU',
      'Instructions',
      'Memory of the process',
      'Lag and vLockstep interval',
      'Log Bandwidth',
      'Output delay',
      'Disk requests',
      'Disk throughput',
      'Network',
      'Throttle',
      'Outputs held',
      'Stalls',
    ]);
    const values = await page.locator('.plot-legend dd').allTextContents();
    expect(values).toHaveLength(20);
    expect(values.filter((value) => value === '–')).toEqual([]);
  });
});
