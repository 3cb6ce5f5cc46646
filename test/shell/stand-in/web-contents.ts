/**
 * `webContents`: one page of the real Chromium, as the main process sees it.
 *
 * Invariant: the page reaches main through its preload script only, and a message carries the frame that it came from;
 * what the page asks for is answered by the application's own schemes, and the network is not there.
 */
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { app } from './app.ts';
import { browser } from './browser.ts';
import { allowed } from './events.ts';
import { ipcMain } from './ipc-main.ts';
import { BINDING, pageWorldScript, preloadWorldScript, RECEIVE } from './page-scripts.ts';
import { cloneForIpc } from './ports.ts';
import { answer, fromChromium, toChromium } from './protocol.ts';
import { decodeValue, encodeValue } from './wire-values.ts';

const PRELOAD_WORLD = 'Electron Isolated Context';

type OpenHandler = (details: { url: string; disposition: string }) => { action: 'allow' | 'deny' };

interface Paused {
  readonly requestId: string;
  readonly request: { readonly url: string; readonly method: string };
  readonly resourceType: string;
  readonly frameId: string;
}

interface FrameTold {
  readonly id: string;
  readonly parentId?: string;
  readonly url: string;
}

export class WebContents extends EventEmitter {
  readonly #attached: Promise<string>;
  readonly #preload: string;
  readonly #frames = new Map<string, FrameTold>();
  /** The preload's world of the present document. */
  #world: { readonly id: number; readonly unique: string; readonly frame: string } | null = null;
  /** Addresses that main itself has asked for: nobody is asked about them. */
  #own = 0;
  #openHandler: OpenHandler = () => ({ action: 'allow' });
  #destroyed = false;
  #session = '';

  /** `target` is Chromium's page. */
  constructor(target: Promise<string>, preloadFile: string) {
    super();
    this.setMaxListeners(0);
    this.#preload = readFileSync(preloadFile, 'utf8');
    this.#attached = target.then((targetId) => this.#attach(targetId));
    // Its users hear of a failure.
    this.#attached.catch(() => {});
    setImmediate(() => app.emit('web-contents-created', {}, this));
  }

  isDestroyed(): boolean {
    return this.#destroyed;
  }

  send(channel: string, ...args: unknown[]): void {
    if (this.#destroyed) throw new TypeError('Object has been destroyed');
    const encoded = JSON.stringify(encodeValue(cloneForIpc(args)));
    if (!this.#world) return; // No document listens.
    const expression = `${RECEIVE}(${JSON.stringify(channel)}, ${encoded})`;
    const { unique } = this.#world;
    void this.#call('Runtime.evaluate', { expression, uniqueContextId: unique }).catch(() => {
      // The document was just replaced.
    });
  }

  setWindowOpenHandler(handler: OpenHandler): void {
    this.#openHandler = handler;
  }

  /** Until the page has finished loading. */
  async loadURL(url: string): Promise<void> {
    const address = toChromium(url);
    await this.#attached;
    this.#own += 1;
    const loaded = new Promise((resolve) => this.once('did-finish-load', resolve));
    const { errorText } = await this.#call('Page.navigate', { url: address });
    if (errorText !== undefined) throw new Error(`${errorText as string} loading '${url}'`);
    await loaded;
  }

  reload(): void {
    this.#own += 1;
    void this.#attached.then(() => this.#call('Page.reload'));
  }

  /** The stand-in's own: what a fault of the page's process does. */
  crash(): void {
    void this.#call('Page.crash').catch(() => {});
  }

  /** The stand-in's own: the page is gone for good. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.emit('destroyed');
  }

  #call(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    return browser().call(method, params, this.#session);
  }

  async #attach(targetId: string): Promise<string> {
    const { sessionId } = await browser().call('Target.attachToTarget', { targetId, flatten: true });
    this.#session = String(sessionId);
    browser().listen(this.#session, (method, params) => this.#heard(method, params));
    const secret = randomUUID();
    const scripts = [
      { source: pageWorldScript(secret) },
      { source: preloadWorldScript(secret, this.#preload), worldName: PRELOAD_WORLD },
    ];
    for (const method of ['Page.enable', 'Runtime.enable', 'Inspector.enable']) await this.#call(method);
    await this.#call('Fetch.enable', { patterns: [{ urlPattern: '*' }] });
    await this.#call('Runtime.addBinding', { name: BINDING, executionContextName: PRELOAD_WORLD });
    for (const script of scripts) await this.#call('Page.addScriptToEvaluateOnNewDocument', script);
    return this.#session;
  }

  #heard(method: string, params: Record<string, unknown>): void {
    if (method === 'Runtime.bindingCalled') this.#said(params as never);
    else if (method === 'Fetch.requestPaused') void this.#requested(params as never);
    else if (method === 'Runtime.executionContextCreated') this.#worldMade(params['context'] as never);
    else if (method === 'Runtime.executionContextsCleared') this.#world = null;
    else if (method === 'Page.frameNavigated') this.#committed(params['frame'] as FrameTold);
    else if (method === 'Page.frameStartedNavigating') this.#starts(params as never);
    else if (method === 'Page.loadEventFired') this.emit('did-finish-load');
    else if (method === 'Page.windowOpen') this.#opens(String(params['url']));
    else if (method === 'Inspector.targetCrashed') this.#crashed();
  }

  #worldMade(context: { id: number; uniqueId: string; name: string; auxData: { frameId: string } }): void {
    if (context.name !== PRELOAD_WORLD || this.#frames.get(context.auxData.frameId)?.parentId) return;
    this.#world = { id: context.id, unique: context.uniqueId, frame: context.auxData.frameId };
  }

  #said({ payload, executionContextId }: { payload: string; executionContextId: number }): void {
    if (executionContextId !== this.#world?.id) return;
    const { channel, args } = JSON.parse(payload) as { channel: string; args: unknown[] };
    const frame = this.#frame(this.#world.frame);
    ipcMain.emit(channel, { sender: this, senderFrame: frame, ports: [] }, ...(decodeValue(args) as unknown[]));
  }

  /** A frame as `senderFrame` tells it. */
  #frame(id: string | undefined): { url: string; parent: unknown } | null {
    const frame = id === undefined ? undefined : this.#frames.get(id);
    return frame ? { url: fromChromium(frame.url), parent: this.#frame(frame.parentId) } : null;
  }

  #committed(frame: FrameTold): void {
    this.#frames.set(frame.id, frame);
    if (frame.parentId === undefined) this.emit('did-navigate', {}, fromChromium(frame.url), 200, 'OK');
  }

  #starts({ frameId, url, navigationType }: { frameId: string; url: string; navigationType: string }): void {
    const isMainFrame = !this.#frames.get(frameId)?.parentId;
    const isSameDocument = navigationType === 'sameDocument';
    this.emit('did-start-navigation', { url: fromChromium(url), isMainFrame, isSameDocument });
  }

  #opens(address: string): void {
    const { action } = this.#openHandler({ url: fromChromium(address), disposition: 'foreground-tab' });
    if (action === 'allow') throw new Error('the stand-in opens no windows for pages; Lockstep denies them all');
  }

  #crashed(): void {
    this.#world = null;
    this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 5 });
  }

  async #requested({ requestId, request, resourceType, frameId }: Paused): Promise<void> {
    const url = fromChromium(request.url);
    const navigates = resourceType === 'Document' && !this.#frames.get(frameId)?.parentId;
    const byMain = navigates && this.#own > 0;
    if (byMain) this.#own = 0;
    const may = !navigates || byMain || allowed(this, 'will-navigate', { url, isMainFrame: true });
    const response = may ? await answer(url, request.method) : null;
    if (!response) {
      await this.#call('Fetch.failRequest', { requestId, errorReason: may ? 'AddressUnreachable' : 'Aborted' });
      return;
    }
    await this.#call('Fetch.fulfillRequest', {
      requestId,
      responseCode: response.status,
      responseHeaders: [...response.headers].map(([name, value]) => ({ name, value })),
      body: Buffer.from(await response.arrayBuffer()).toString('base64'),
    });
  }
}
