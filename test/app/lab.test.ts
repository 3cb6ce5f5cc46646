/**
 * The fault lab, the failover's timeline and the Monitor through the page, in a real browser, on a real pair; and what
 * axe finds in them. `LOCKSTEP_SCREENSHOTS=DIR` keeps pictures.
 */
import path from 'node:path';
import { chromium as browserType, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FailoverRecord, MetricsHistory } from '../../preload/contract/contract.ts';
import { seriousFaultsInBothThemes } from '../support/axe.ts';
import { chromium, CHROMIUM_ARGS } from '../support/chromium.ts';
import { TestHost, type SerialProgram } from '../support/host.ts';

const executablePath = chromium();
const VM = 'lab';

describe.skipIf(!executablePath)('the fault lab and the Monitor, in Chromium', { timeout: 120_000 }, () => {
  const host = new TestHost();
  const problems: string[] = [];
  let browser: Browser;
  let page: Page;
  let serial: SerialProgram;
  let id = '';

  beforeAll(async () => {
    await host.start();
    ({ id } = await host.call('vm.create', { name: VM, sample: 'test' }));
    // Tests share two cores: silence is no sign of death here, a closed channel is.
    await host.call('vm.set', { vm: VM, failureTimeoutMs: 5000 });
    await host.call('power.on', { vm: VM });
    serial = host.attach(VM);
    await serial.until(/LOCKSTEP TEST GUEST/);
    await host.call('ft.on', { vm: VM });
    browser = await browserType.launch({ executablePath: executablePath ?? '', args: [...CHROMIUM_ARGS] });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(40_000);
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(host.url);
    await open('faults');
    await host.call('ft.wait', { vm: VM, for: 'protected', timeoutSeconds: 60 });
  }, 120_000);

  afterAll(async () => {
    await serial?.close();
    await browser?.close();
    await host.stop();
    host.remove();
  });

  const open = async (tab: string): Promise<void> => {
    await page.evaluate(`window.location.hash = ${JSON.stringify(`#/vm/${id}/${tab}`)}`);
    await page.locator(`[role=tab][aria-selected=true][id$="${tab}"]`).waitFor();
  };
  const picture = async (name: string): Promise<void> => {
    const folder = process.env['LOCKSTEP_SCREENSHOTS'];
    if (folder) await page.screenshot({ path: path.join(folder, `${name}.png`) });
  };
  const inject = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();

  test('what is injected is shown until it is healed', async () => {
    await page.getByTestId('lab-healthy').waitFor();
    const heal = page.getByRole('button', { name: 'Heal', exact: true });
    expect(await heal.getAttribute('aria-disabled')).toBe('true');
    await page.getByLabel('Delay channel: milliseconds').fill('20');
    await inject('Delay channel');
    await page.locator('[data-active=delay-channel]').getByText('20 ms later each').waitFor();
    const { faults } = await host.call('vm.show', { vm: VM });
    expect(faults).toMatchObject([{ kind: 'delay-channel', ms: 20 }]);
    await heal.click();
    await page.getByTestId('lab-healthy').waitFor();
    await expect.poll(() => heal.getAttribute('aria-disabled')).toBe('true');
    await page.getByLabel('Hang primary: milliseconds').fill('0');
    expect(await page.getByRole('button', { name: 'Hang primary' }).getAttribute('aria-disabled')).toBe('true');
  });

  test('a crash of the primary is told step by step, and drawn: its phases follow each other and add up', async () => {
    await inject('Crash primary');
    await page.getByTestId('lab-story').locator('[data-kind="ft.failover"]').waitFor();
    serial.write('i');
    await serial.until(/I [0-9a-f]{8}\r\n/);
    await page.getByTestId('lab-story').locator('[data-kind="ft.protected"]').waitFor();
    const timeline = page.getByTestId('ft-failover');
    for (const phase of ['output', 'protect']) await timeline.locator(`[data-phase=${phase}][data-end]`).waitFor();
    await picture('lab');
    const rows = await timeline.locator('[data-phase]').evaluateAll((elements) =>
      elements.map((element) => {
        const { phase = '', start, end } = (element as HTMLElement).dataset;
        const bar = element.querySelector<HTMLElement>('.timeline-bar')?.style.width ?? '';
        return { phase, start: Number(start), end: Number(end), share: Number.parseFloat(bar) / 100 };
      }),
    );
    expect(rows.map(({ phase }) => phase)).toEqual(['detect', 'drain', 'arbitrate', 'live', 'output', 'protect']);
    const interruption = rows.slice(0, 4);
    for (const [index, row] of interruption.entries()) expect(row.start).toBe(interruption[index - 1]?.end ?? 0);
    const [failover] = await host.json<FailoverRecord[]>('failovers', VM);
    const { detectMs = 0, drainMs = 0, arbitrateMs = 0, liveMs = 0, protectedMs } = failover ?? {};
    expect(interruption.at(-1)?.end).toBeCloseTo(detectMs + drainMs + arbitrateMs + liveMs, 3);
    expect(rows.at(-1)?.end).toBeCloseTo(detectMs + drainMs + arbitrateMs + (protectedMs ?? 0), 3);
    // To scale: every bar's share of the width is its share of the time.
    const whole = rows[4]?.end ?? 0;
    for (const { start, end, share } of rows.slice(0, 5)) expect(share).toBeCloseTo((end - start) / whole, 3);
    await page.getByRole('button', { name: 'Until Protected' }).click();
    await picture('lab-until-protected');
  });

  test('the Monitor shows what was measured, also after a reload', async () => {
    await open('monitor');
    const value = (figure: string) => page.locator(`[data-figure=${figure}] dd`);
    await expect
      .poll(() => value('cpu').allTextContents(), { timeout: 20_000 })
      .toEqual([expect.stringMatching(/^\d+ %$/), expect.stringMatching(/^\d+ %$/)]);
    await expect.poll(() => value('lag').first().textContent(), { timeout: 20_000 }).toMatch(/ m?s$/);
    await page.reload();
    await page.locator('[data-figure=memory] canvas').waitFor();
    const measured = async (name: keyof MetricsHistory['series']): Promise<number[]> => {
      const history = await host.json<MetricsHistory>('metrics', VM, '--range', '10m');
      return history.series[name]?.mean.filter((one) => one !== null) ?? [];
    };
    for (const name of ['primaryCpuPercent', 'primaryMemoryMB', 'primaryInstructionsPerSecond'] as const) {
      await expect.poll(async () => (await measured(name)).length, { message: name }).toBeGreaterThan(3);
      expect(Math.max(...(await measured(name))), name).toBeGreaterThan(0);
    }
    await page.locator('[data-figure=cpu] .u-over').hover({ position: { x: 300, y: 40 } });
    await page.locator('[data-figure=cpu] .plot-time').waitFor();
    await page.locator('[data-figure=memory] .plot-time').waitFor();
    await page.getByRole('button', { name: '1 minute' }).click();
    await page.locator('[data-figure=cpu] [data-points="60"]').waitFor();
    await picture('monitor');
    await page.getByRole('button', { name: 'Show as table' }).click();
    await page
      .locator('[data-series=primaryMemoryMB]')
      .getByText(/\d+ MB/)
      .first()
      .waitFor();
  });

  test.each(['summary', 'faults', 'monitor', 'events'])('axe finds nothing serious: %s', async (tab) => {
    await open(tab);
    await page.waitForLoadState('networkidle');
    expect(await seriousFaultsInBothThemes(page)).toEqual([]);
  });

  test('the page reported no error of its own', () => {
    expect(problems).toEqual([]);
  });
});
