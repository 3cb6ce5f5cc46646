/**
 * A connection to Chromium's DevTools protocol: commands with answers, events by session.
 *
 * Invariant: commands are sent in the order of the calls; when the connection ends, every open call fails.
 */
import { WebSocket } from 'ws';

type Params = Record<string, unknown>;
type Listener = (method: string, params: Params) => void;

interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Params;
  readonly error?: { readonly message: string };
}

export class DevTools {
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, PromiseWithResolvers<Params>>();
  readonly #listeners = new Map<string, Listener>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#received(JSON.parse((data as Buffer).toString('utf8')) as Message));
    socket.on('close', () => {
      for (const call of this.#calls.values()) call.reject(new Error('Chromium has ended'));
      this.#calls.clear();
    });
  }

  static async connect(endpoint: string): Promise<DevTools> {
    const socket = new WebSocket(endpoint, { perMessageDeflate: false, maxPayload: 256 << 20 });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new DevTools(socket);
  }

  /** @throws {Error} with Chromium's message. */
  call(method: string, params: Params = {}, sessionId?: string): Promise<Params> {
    this.#last += 1;
    const call = Promise.withResolvers<Params>();
    this.#calls.set(this.#last, call);
    this.#socket.send(JSON.stringify({ id: this.#last, method, params, sessionId }));
    return call.promise;
  }

  /** For one session; the empty name is the browser itself. */
  listen(sessionId: string, listener: Listener): void {
    this.#listeners.set(sessionId, listener);
  }

  #received({ id, sessionId = '', method, params = {}, result = {}, error }: Message): void {
    if (method !== undefined) {
      this.#listeners.get(sessionId)?.(method, params);
      return;
    }
    const call = this.#calls.get(id ?? 0);
    this.#calls.delete(id ?? 0);
    if (error) call?.reject(new Error(error.message));
    else call?.resolve(result);
  }
}
