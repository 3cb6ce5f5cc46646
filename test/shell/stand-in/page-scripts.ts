/**
 * What runs inside the page before its own scripts: the world of the preload script, isolated as Electron isolates it,
 * and its only bridge to the page's world.
 *
 * The two worlds share the document, and nothing of JavaScript: values cross as structured clones in events whose name
 * no page can know, functions as numbers that the other side may call.
 *
 * Invariant: only the top frame has a preload script; the page gets copies, never the preload's own objects.
 */

/** Both ends of the bridge between the worlds; a text, since it is evaluated in the page. */
const CROSSING = `
  const crossing = (outward, inward) => {
    const functions = [];
    let answer = null;
    const post = (detail) => dispatchEvent(new CustomEvent(outward, { detail }));
    const pack = (value) => {
      if (typeof value === 'function') return { fn: functions.push(value) - 1 };
      if (value === null || (typeof value !== 'object' && typeof value !== 'symbol')) return { value };
      if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return { value };
      if (Array.isArray(value)) return { list: value.map(pack) };
      if (Object.getPrototypeOf(value) !== Object.prototype) throw new Error('An object could not be cloned.');
      return { parts: Object.entries(value).map(([key, part]) => [key, pack(part)]) };
    };
    const unpack = (packed) => {
      if ('fn' in packed) return (...args) => call(packed.fn, args);
      if ('list' in packed) return packed.list.map(unpack);
      if ('parts' in packed) return Object.fromEntries(packed.parts.map(([key, part]) => [key, unpack(part)]));
      return packed.value;
    };
    const call = (fn, args) => {
      answer = null;
      post({ call: fn, args: args.map(pack) });
      const { threw, result } = answer;
      if (threw !== undefined) throw new Error(threw);
      return unpack(result);
    };
    addEventListener(inward, ({ detail }) => {
      if ('expose' in detail) {
        globalThis[detail.expose] = unpack(detail.api);
      } else if ('call' in detail) {
        let reply;
        try {
          reply = { result: pack(functions[detail.call](...detail.args.map(unpack))) };
        } catch (error) {
          reply = { threw: String(error?.message ?? error) };
        }
        post(reply);
      } else {
        answer = detail;
      }
    });
    return { pack, post };
  };
`;

/** For the page's world; `secret` is known to the two scripts only. */
export function pageWorldScript(secret: string): string {
  return `if (window === top) { ${CROSSING} crossing('${secret}:page', '${secret}:preload'); }`;
}

/** The binding by which the preload's world speaks to main, and the function by which main speaks to it. */
export const BINDING = '__standInSay';
export const RECEIVE = '__standInReceive';

const IPC = `
  const encode = (value) => {
    if (value instanceof Uint8Array) return { $bytes: value.toBase64() };
    if (Array.isArray(value)) return value.map(encode);
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, encode(part)]));
    }
    return value;
  };
  const decode = (value) => {
    if (Array.isArray(value)) return value.map(decode);
    if (typeof value !== 'object' || value === null) return value;
    if (typeof value.$bytes === 'string') return Uint8Array.fromBase64(value.$bytes);
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, decode(part)]));
  };
  const say = globalThis.${BINDING};
  const listeners = new Map();
  const ipcRenderer = {
    send(channel, ...args) {
      let cloned;
      try {
        cloned = structuredClone(args);
      } catch {
        throw new Error('An object could not be cloned.');
      }
      say(JSON.stringify({ channel, args: encode(cloned) }));
    },
    on(channel, listener) {
      listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
      return ipcRenderer;
    },
    off(channel, listener) {
      listeners.set(channel, (listeners.get(channel) ?? []).filter((other) => other !== listener));
      return ipcRenderer;
    },
  };
  globalThis.${RECEIVE} = (channel, args) => {
    for (const listener of listeners.get(channel) ?? []) listener({ sender: ipcRenderer }, ...decode(args));
  };
`;

/** For the preload's world: the preload script itself, with what a sandboxed one may require. */
export function preloadWorldScript(secret: string, preload: string): string {
  return `if (window === top) {
    ${CROSSING}
    ${IPC}
    const { pack, post } = crossing('${secret}:preload', '${secret}:page');
    const exposed = new Set();
    const contextBridge = {
      exposeInMainWorld(key, api) {
        if (exposed.has(key)) throw new Error('Cannot bind an API on top of an existing property on the window object');
        exposed.add(key);
        post({ expose: key, api: pack(api) });
      },
    };
    // Chromium tells nobody where a file is: a test's file has its path for a name.
    const webUtils = { getPathForFile: (file) => decodeURIComponent(file.name) };
    const require = (name) => {
      if (name === 'electron') return { contextBridge, ipcRenderer, webUtils };
      throw new Error('module not found: ' + name);
    };
    const process = { type: 'renderer', platform: '${process.platform}', sandboxed: true, contextIsolated: true };
    const module = { exports: {} };
    ((require, process, module, exports) => { ${preload}
    })(require, process, module, module.exports);
  }`;
}
