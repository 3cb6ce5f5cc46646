/**
 * The page in a Chromium that nobody else listens to: a driver that follows the network gets a copy of every picture,
 * as text, which costs more than showing it.
 *
 * Invariant: of DevTools' domains only those are switched on that are needed to load a page and to press keys.
 */
import { browser, closeBrowser, startBrowser, stopBrowser } from '../../shell/stand-in/browser.ts';

const POLL_MS = 20;
const SIZE = { width: 1280, height: 800 };

export class BenchPage {
  readonly #session: string;

  private constructor(session: string) {
    this.#session = session;
  }

  /** `script` runs before the page's own. */
  static async open(script: string): Promise<BenchPage> {
    await startBrowser();
    const { targetId } = await browser().call('Target.createTarget', { url: 'about:blank', newWindow: true, ...SIZE });
    const { sessionId } = await browser().call('Target.attachToTarget', { targetId, flatten: true });
    const page = new BenchPage(String(sessionId));
    await page.#call('Page.enable');
    await page.#call('Page.addScriptToEvaluateOnNewDocument', { source: script });
    return page;
  }

  #call(method: string, params?: Record<string, unknown>): Promise<Record<string, unknown>> {
    return browser().call(method, params, this.#session);
  }

  async load(url: string): Promise<void> {
    await this.#call('Page.navigate', { url });
  }

  /** @throws {Error} when the expression throws. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.#call('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (answer['exceptionDetails']) throw new Error(`${expression}: ${JSON.stringify(answer['exceptionDetails'])}`);
    return (answer['result'] as { value: T }).value;
  }

  /** Polls until the expression is true. @throws {Error} after `timeoutMs`. */
  async until(expression: string, timeoutMs: number, pollMs = POLL_MS): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await this.evaluate<boolean>(`Boolean(${expression})`))) {
      if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  async press(code: string, key: string, windowsVirtualKeyCode: number): Promise<void> {
    const what = { code, key, windowsVirtualKeyCode };
    await this.#call('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...what });
    await this.#call('Input.dispatchKeyEvent', { type: 'keyUp', ...what });
  }

  async close(): Promise<void> {
    await closeBrowser();
    stopBrowser();
  }
}
