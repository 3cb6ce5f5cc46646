// The web door over real HTTP and WebSockets: who is let in, and what is served.

import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import http from 'node:http';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Caller } from '../../main/fleet/watch/audit.ts';
import { Access } from '../../main/web/access.ts';
import { isLoopback } from '../../main/web/addresses.ts';
import { startWebServer, type WebServer } from '../../main/web/server.ts';
import '../support/eventually.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

interface Web extends TestFleet {
  readonly server: WebServer;
  /** Asks for a path exactly as it is written. */
  get(path: string, headers?: http.OutgoingHttpHeaders, method?: string): Promise<Answer>;
  /** A session's cookie, as a browser that opened a link has it. */
  session(): Promise<string>;
}

async function web(): Promise<Web> {
  const fleet = openFleet();
  const above = temporaryFolder();
  const pageFolder = path.join(above, 'page');
  mkdirSync(path.join(pageFolder, 'assets'), { recursive: true });
  writeFileSync(path.join(above, 'secret.json'), 'secret');
  writeFileSync(path.join(above, 'page-secret.json'), 'secret');
  writeFileSync(path.join(pageFolder, 'index.html'), '<title>Lockstep</title>');
  writeFileSync(path.join(pageFolder, 'assets', 'app.js'), 'start()');
  writeFileSync(path.join(pageFolder, 'notes.txt'), 'not part of the page');
  const server = await startWebServer(fleet.fleet, { host: '127.0.0.1', port: 0, pageFolder });
  onTestFinished(() => server.close());
  const get: Web['get'] = async (wanted, headers = {}, method = 'GET') => {
    const request = http.request({ port: server.port, path: wanted, headers, method, agent: false });
    request.end();
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    let body = '';
    for await (const part of response) body += String(part);
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  };
  const session = async (): Promise<string> => {
    const { search } = new URL(server.link());
    return cookieOf(await get(`/${search}`));
  };
  return { ...fleet, server, get, session };
}

function cookieOf({ headers }: Answer): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

describe('a link', () => {
  test('lets one browser in, once, with a cookie that no script and no other site can use', async () => {
    const { server, get } = await web();
    const link = new URL(server.link());
    expect(link.origin).toBe(`http://127.0.0.1:${server.port}`);
    const first = await get(link.pathname + link.search);
    expect([first.status, first.headers.location]).toEqual([303, '/']);
    expect(first.headers['set-cookie']?.[0]).toMatch(/^lockstep-\d+=[0-9a-f]{64}; HttpOnly; SameSite=Strict; Path=\/$/);

    const second = await get(link.pathname + link.search);
    expect([second.status, second.headers['set-cookie']]).toEqual([403, undefined]);
    expect(second.body).toBe('This link was used already, or is not of this host. "lockstep link" prints a new one.\n');
  });

  test('that was used leads a browser that is let in already to the page', async () => {
    const { server, get } = await web();
    const { search } = new URL(server.link());
    const cookie = cookieOf(await get(`/${search}`));
    const again = await get(`/${search}`, { cookie });
    expect([again.status, again.headers.location, again.headers['set-cookie']]).toEqual([303, '/', undefined]);
  });

  test.each(['', '0', 'a'.repeat(64), 'é'])('with the token "%s" is not good', async (token) => {
    const { get } = await web();
    expect((await get(`/?token=${encodeURIComponent(token)}`)).status).toBe(403);
  });

  test('is one of many: each browser has its own, and the oldest of too many is forgotten', async () => {
    const access = new Access({ host: '127.0.0.1', certified: null });
    const caller: Caller = { door: 'browser', session: 'a' };
    const request = { headers: { host: '127.0.0.1:8080' } } as IncomingMessage;
    const first = access.token();
    const others = Array.from({ length: 256 }, () => access.token());
    expect(access.redeem(first, request, caller)).toBeNull();
    expect(new Set(others.map((token) => access.redeem(token, request, caller))).size).toBe(256);
    expect(access.redeem(others[0] ?? '', request, caller)).toBeNull();
  });
});

describe('the page', () => {
  test('is served to whoever has the cookie, and to nobody else', async () => {
    const { get, session } = await web();
    const cookie = await session();
    expect(await get('/', { cookie })).toMatchObject({ status: 200, body: '<title>Lockstep</title>' });
    expect(await get('/', { cookie: `theme=dark; ${cookie}; other=1` })).toMatchObject({ status: 200 });
    for (const wrong of ['', 'lockstep=', `x${cookie}`, cookie.slice(0, -1), `lockstep=${'0'.repeat(64)}`]) {
      expect(await get('/', { cookie: wrong })).toMatchObject({
        status: 401,
        body: 'Open the link that the host printed when it was started; "lockstep link" prints a new one.\n',
      });
    }
  });

  test('comes with its type, its length and no more than a HEAD asks for', async () => {
    const { get, session } = await web();
    const cookie = await session();
    const script = await get('/assets/app.js', { cookie });
    expect(script.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'content-length': '7',
      'cache-control': 'no-cache',
    });
    const head = await get('/assets/app.js?v=1', { cookie }, 'HEAD');
    expect([head.status, head.headers['content-length'], head.body]).toEqual([200, '7', '']);
  });

  test('and every other answer come with the same strict headers', async () => {
    const { get, session, server } = await web();
    const cookie = await session();
    const answers = [
      await get('/', { cookie }),
      await get('/missing.js', { cookie }),
      await get('/'),
      await get('/?token=bad'),
      await get(`/${new URL(server.link()).search}`),
      await get('/', { cookie }, 'POST'),
      await get('/', { host: 'evil.example' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 401, 403, 303, 405, 421]);
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
      const policy = headers['content-security-policy'];
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; /);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|data: *;? *script/);
    }
  });

  test.each([
    '/../secret.json',
    '/..%2fsecret.json',
    '/%2e%2e/secret.json',
    '/%2e%2e%2fsecret.json',
    '/assets/../../secret.json',
    '/assets/..%2f..%2fsecret.json',
    '/..%5csecret.json',
    '/..%2fpage-secret.json',
    '/.//..//secret.json',
    '/%00.html',
    '/index.html%00.js',
    '/notes.txt',
    '/assets',
    '/assets/',
    '/missing.html',
    '/%ff.html',
    'http://evil.example/../secret.json',
  ])('is all there is: %s gives nothing else', async (wanted) => {
    const { get, session, dataFolder } = await web();
    const cookie = await session();
    for (const tried of [wanted, wanted.replace('secret.json', path.join(dataFolder, 'lockstep.db'))]) {
      const { status, body } = await get(tried, { cookie });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(body).toMatch(/^(There is no such page|That address cannot be read)\.\n$/);
    }
  });
});

describe('a request under a name', () => {
  test.each([
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '192.168.0.7',
    '0.0.0.0',
    '[::2]',
    '',
  ])('that is not ours is refused: "%s"', async (name) => {
    const { get, session, server } = await web();
    const cookie = await session();
    const { status, body } = await get('/', { cookie, host: `${name}:${server.port}` });
    expect([status, body]).toEqual([421, 'This server does not answer under that host name.\n']);
  });

  test.each(['127.0.0.1', 'localhost', '[::1]'])('that is ours is answered: %s', async (name) => {
    const { get, session, server } = await web();
    const cookie = await session();
    expect((await get('/', { cookie, host: `${name}:${server.port}` })).status).toBe(200);
  });

  test('is any address, but no foreign name, when listening beyond this computer was asked for', () => {
    const access = new Access({ host: '0.0.0.0', certified: null });
    const ours = (host: string): boolean => access.hostIsOurs({ headers: { host } } as http.IncomingMessage);
    expect(['192.168.0.7:80', '10.0.0.1', '[fe80::1]:80', 'localhost:80'].map(ours)).toEqual([true, true, true, true]);
    expect(['evil.example', '192.168.0.7.evil.example', ''].map(ours)).toEqual([false, false, false]);
    expect(['127.0.0.1', '127.8.8.8', 'localhost', '::1', '0.0.0.0', '192.168.0.7'].map(isLoopback)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('the socket', () => {
  /** How an attempt to open it ends: 'open', an HTTP status, or a close code. */
  async function attempt(
    server: WebServer,
    options: { path?: string; origin?: string; cookie?: string; host?: string },
  ): Promise<string | number> {
    const { path: wanted = '/socket', origin, cookie = '', host } = options;
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${wanted}`, {
      headers: { cookie, ...(host && { host }) },
      ...(origin && { origin }),
    });
    onTestFinished(() => socket.terminate());
    return new Promise((resolve) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.on('close', (code) => resolve(code));
      // What is refused after the handshake is closed, not answered.
      socket.on('open', () => socket.send(JSON.stringify({ kind: 'call', id: 1, command: 'host.show' })));
      socket.on('message', () => resolve('open'));
      socket.on('error', () => {});
    });
  }

  test('opens for a page of ours with a session', async () => {
    const { server, session } = await web();
    const origin = `http://127.0.0.1:${server.port}`;
    expect(await attempt(server, { origin, cookie: await session() })).toBe('open');
  });

  test('is closed with 4401 without a session, so that the page can say what to do', async () => {
    const { server } = await web();
    expect(await attempt(server, { origin: `http://127.0.0.1:${server.port}` })).toBe(4401);
  });

  test('is refused to any other origin, to none at all, under another name, and at another place', async () => {
    const { server, session } = await web();
    const cookie = await session();
    const origin = `http://127.0.0.1:${server.port}`;
    const refused = [
      { cookie },
      { cookie, origin: 'http://evil.example' },
      { cookie, origin: 'null' },
      { cookie, origin: `https://127.0.0.1:${server.port}` },
      { cookie, origin: `http://127.0.0.1:${server.port + 1}` },
      { cookie, origin: `http://localhost:${server.port}` },
      { cookie, origin: 'http://evil.example', host: 'evil.example' },
      { cookie, origin, path: '/' },
      { cookie, origin, path: '/socket?x' },
    ];
    const results = await Promise.all(refused.map((options) => attempt(server, options)));
    expect(results).toEqual(refused.map(() => 403));
  });

  test('carries the conversation, and ends it for a message that is too long or cannot be read', async () => {
    const { server, session, call } = await web();
    const cookie = await session();
    const open = async (): Promise<WebSocket> => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/socket`, {
        headers: { cookie },
        origin: `http://127.0.0.1:${server.port}`,
      });
      onTestFinished(() => socket.terminate());
      await once(socket, 'open');
      return socket;
    };
    const polite = await open();
    polite.send(JSON.stringify({ kind: 'call', id: 1, command: 'vm.list', args: {} }));
    const [answer] = (await once(polite, 'message')) as [Buffer];
    expect(JSON.parse(String(answer))).toEqual({ kind: 'result', id: 1, result: [] });

    const long = await open();
    long.send('x'.repeat((1 << 20) + 1));
    expect((await once(long, 'close'))[0]).toBe(1009);
    const rude = await open();
    rude.send('not JSON');
    const [code, why] = (await once(rude, 'close')) as [number, Buffer];
    expect([code, String(why)]).toEqual([1008, expect.stringMatching(/^a message cannot be read: /)]);
    // What cannot be read is quoted, and a closing frame has room for 123 bytes.
    const foreign = await open();
    foreign.send('€'.repeat(1000));
    const [, quoted] = (await once(foreign, 'close')) as [number, Buffer];
    expect(String(quoted)).toMatch(/^a message cannot be read: .*€/);
    expect(quoted.length).toBeLessThanOrEqual(123);
    expect(await call('vm.list', {})).toEqual([]);
    polite.send(JSON.stringify({ kind: 'call', id: 2, command: 'vm.list', args: {} }));
    await once(polite, 'message');
  });

  test('does not keep the door from being closed', async () => {
    const { server, session } = await web();
    const origin = `http://127.0.0.1:${server.port}`;
    expect(await attempt(server, { origin, cookie: await session() })).toBe('open');
    await server.close();
  });
});

test('a port that is taken is an error that names it', async () => {
  const { server, fleet } = await web();
  const again = startWebServer(fleet, { host: '127.0.0.1', port: server.port, pageFolder: '/' });
  await expect(again).rejects.toThrow(`EADDRINUSE: address already in use 127.0.0.1:${server.port}`);
});
