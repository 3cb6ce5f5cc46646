// The web door attacked over real sockets: each attack is refused, and where a stranger made it, written down.

import { once } from 'node:events';
import { symlinkSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { Access, IDLE_MS, LINK_MS, SESSION_MS } from '../../main/web/access.ts';
import { clientOf, isLoopback } from '../../main/web/addresses.ts';
import { Attempts } from '../../main/web/attempts.ts';
import { CONNECTIONS_OF_CLIENT_MAX, SOCKETS_OF_SESSION_MAX } from '../../main/web/server.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/folder.ts';
import { openWeb } from './browser.ts';

const LIST = JSON.stringify({ kind: 'call', id: 1, command: 'vm.list' });

async function closed(socket: WebSocket): Promise<[number, string]> {
  const [code, why] = (await once(socket, 'close')) as [number, Buffer];
  return [code, String(why)];
}

/** What the door says until it closes the connection. */
async function lastWords(connection: Socket): Promise<string> {
  let text = '';
  connection.setEncoding('latin1').on('data', (part) => (text += String(part)));
  await once(connection, 'close');
  return text;
}

describe('a page of another site', () => {
  test('that rebinds its name to this computer is not answered, and it is written down', async () => {
    const { ask, login, server, events } = await openWeb();
    const cookie = await login();
    const host = `evil.example:${server.port}`;
    expect((await ask('/', { headers: { cookie, host } })).status).toBe(421);
    expect(events('door.requestRefused')).toEqual([`A request from 127.0.0.1 with the host "${host}" was refused.`]);
  });

  test('opens no socket, and gets no word that another origin may read', async () => {
    const { ask, login, socket, events } = await openWeb();
    const cookie = await login();
    const [, response] = (await once(socket({ cookie }, 'https://evil.example'), 'unexpected-response')) as [
      unknown,
      IncomingMessage,
    ];
    expect(response.statusCode).toBe(403);
    expect(events('door.requestRefused')).toEqual([expect.stringContaining('the origin "https://evil.example"')]);
    const headers = { cookie, origin: 'https://evil.example', 'access-control-request-method': 'GET' };
    for (const method of ['GET', 'OPTIONS', 'POST']) {
      const answer = await ask('/', { method, headers });
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(answer.headers).toMatchObject({
        'x-frame-options': 'DENY',
        'permissions-policy': expect.stringContaining('camera=()'),
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      });
    }
  });

  test('logs nobody out', async () => {
    const { ask, login } = await openWeb();
    const cookie = await login();
    const headers = { cookie, origin: 'https://evil.example' };
    expect((await ask('/logout', { method: 'POST', headers })).status).toBe(403);
    expect((await ask('/logout', { headers: { cookie } })).status).toBe(404);
    expect((await ask('/', { headers: { cookie } })).status).toBe(200);
  });
});

describe('a login', () => {
  test('cannot be guessed: after ten wrong links nobody there is listened to, save who is in', async () => {
    const { ask, login, server, events } = await openWeb();
    const cookie = await login();
    for (let count = 0; count < 10; count += 1) expect((await ask(`/?token=${count}`)).status).toBe(403);
    const good = `/${new URL(server.link()).search}`;
    const late = await ask(good);
    expect([late.status, Number(late.headers['retry-after'])]).toEqual([429, expect.any(Number)]);
    expect((await ask('/', { headers: { cookie } })).status).toBe(200);
    expect((await ask(good, { headers: { cookie } })).status).toBe(303);
    const refused = events('door.loginRefused');
    expect(refused).toEqual(
      Array.from({ length: 10 }, () => 'A browser at 127.0.0.1 came with a link that is not good.'),
    );
  });

  test('may be tried again a minute later, and what is remembered of strangers is bounded', () => {
    let now = 0;
    const attempts = new Attempts(() => now);
    for (let count = 0; count < 10; count += 1) attempts.failed('a');
    expect([attempts.waitSeconds('a'), attempts.waitSeconds('b')]).toEqual([60, 0]);
    now = 60_000;
    expect(attempts.waitSeconds('a')).toBe(0);
    for (let count = 0; count < 10; count += 1) attempts.failed('a');
    for (let stranger = 0; stranger < 1024; stranger += 1) attempts.failed(`x${stranger}`);
    expect(attempts.waitSeconds('a')).toBe(0);
  });

  test('is written down with the session that the commands of that browser carry', async () => {
    const { login, socket, events, fleet } = await openWeb();
    const cookie = await login();
    const [, session] = /\(session ([0-9a-f]{8})\)/.exec(events('door.login')[0] ?? '') ?? [];
    const page = socket({ cookie });
    await once(page, 'open');
    page.send(JSON.stringify({ kind: 'call', id: 1, command: 'vm.create', args: { name: 'web', sample: 'test' } }));
    await once(page, 'message');
    const [event] = fleet.events.list({ kind: 'audit.command', limit: 10 });
    expect(event?.data).toMatchObject({ door: 'browser', session, command: 'vm.create', outcome: 'done' });
  });
});

describe('a session', () => {
  const request = { headers: { host: '127.0.0.1:80' } } as IncomingMessage;

  function timed(): { access: Access; pass: (ms: number) => void; login: () => IncomingMessage } {
    let now = 1000;
    const access = new Access({ host: '127.0.0.1', certified: null, now: () => now });
    const login = (): IncomingMessage => {
      const cookie = access.redeem(access.token(), request, { door: 'browser', session: 'a' });
      return { headers: { ...request.headers, cookie: cookie?.split(';')[0] } } as IncomingMessage;
    };
    return { access, pass: (ms) => (now += ms), login };
  }

  test('begins with a link that was opened within the hour', () => {
    const { access, pass } = timed();
    const [early, late] = [access.token(), access.token()];
    pass(LINK_MS - 1);
    expect(access.redeem(early, request, { door: 'browser', session: 'a' })).not.toBeNull();
    pass(1);
    expect(access.redeem(late, request, { door: 'browser', session: 'b' })).toBeNull();
  });

  test('ends when nobody uses it, an open socket being use, and at last in any case', () => {
    const { access, pass, login } = timed();
    const idle = login();
    pass(IDLE_MS);
    expect(access.session(idle)).toBeNull();
    const used = login();
    let open = true;
    access.session(used)?.sockets.add({ close: () => (open = false) });
    for (let at = 0; at < SESSION_MS - 1; at += IDLE_MS) {
      expect([access.session(used) !== null, open]).toEqual([true, true]);
      pass(IDLE_MS);
    }
    access.expire();
    expect([access.session(used), open]).toEqual([null, false]);
  });

  test('ends with a logout: its socket closes, and its cookie is good for nothing', async () => {
    const { ask, login, socket, origin, server, events } = await openWeb();
    const [mine, other] = [await login(), await login()];
    const talk = async (cookie: string): Promise<WebSocket> => {
      const opened = socket({ cookie });
      opened.on('open', () => opened.send(LIST));
      await once(opened, 'message');
      return opened;
    };
    const [first, second] = [await talk(mine), await talk(other)];
    const ending = closed(first);
    const bye = await ask('/logout', { method: 'POST', headers: { cookie: mine, origin } });
    expect([bye.status, bye.headers['set-cookie']?.[0]]).toEqual([
      200,
      expect.stringContaining('=; Max-Age=0; HttpOnly'),
    ]);
    expect(await ending).toEqual([4401, 'the session has ended: open a new link']);
    expect((await ask('/', { headers: { cookie: mine } })).status).toBe(401);
    expect((await ask('/', { headers: { cookie: other } })).status).toBe(200);
    expect(events('door.logout')).toHaveLength(1);
    const link = server.link();
    const ended = closed(second);
    expect(server.logout()).toBe(1);
    expect((await ended)[0]).toBe(4401);
    expect((await ask(`/${new URL(link).search}`)).status).toBe(403);
  });

  test('has so many sockets and no more', async () => {
    const { login, socket } = await openWeb();
    const cookie = await login();
    const all = Array.from({ length: SOCKETS_OF_SESSION_MAX }, () => socket({ cookie }));
    await Promise.all(all.map((each) => once(each, 'open')));
    expect(await closed(socket({ cookie }))).toEqual([1008, 'a session can have 32 sockets']);
  });
});

describe('a client that', () => {
  test('says nothing, or its headers slowly, is cut off', async () => {
    const { connect } = await openWeb({ patienceMs: 200 });
    const [silent, slow] = [connect(), connect()];
    slow.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
    const drip = setInterval(() => slow.writable && slow.write('x'), 20);
    const words = await Promise.all([lastWords(silent), lastWords(slow)]).finally(() => clearInterval(drip));
    for (const text of words) expect(text).toMatch(/^(HTTP\/1\.1 408 .*|)/);
  });

  test('sends long headers or a body is refused', async () => {
    const { ask, connect, server } = await openWeb();
    expect((await ask('/', { headers: { 'x-long': 'x'.repeat(10_000) } })).status).toBe(431);
    expect((await ask('/', { method: 'POST', body: 'x' })).status).toBe(413);
    const endless = connect();
    endless.write(`POST / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nTransfer-Encoding: chunked\r\n\r\n`);
    expect(await lastWords(endless)).toMatch(/^HTTP\/1\.1 413 [\s\S]*Connection: close/);
    const nonsense = connect();
    nonsense.write('\x16\x03\x01\x00\xff not HTTP\r\n\r\n');
    expect(await lastWords(nonsense)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('opens connections without end gets so many', async () => {
    const { connect, ask } = await openWeb();
    const all = Array.from({ length: CONNECTIONS_OF_CLIENT_MAX }, connect);
    await Promise.all(all.map((each) => once(each, 'connect')));
    await once(connect(), 'close');
    for (const each of all.slice(0, 2)) each.destroy();
    await eventually(async () => expect((await ask('/')).status).toBe(401));
  });

  test('sends too long a frame, or what no close frame can quote, ends its own session alone', async () => {
    const { login, socket, call } = await openWeb();
    const cookie = await login();
    const rude = [
      'x'.repeat((1 << 20) + 1),
      JSON.stringify({ kind: 'é'.repeat(500) }),
      `{"kind":"call","id":1,"command":"x","${'😀'.repeat(300)}":1}`,
      '😀'.repeat(300),
    ];
    for (const text of rude) {
      const page = socket({ cookie });
      await once(page, 'open');
      page.send(text);
      expect((await closed(page))[0]).toBeGreaterThanOrEqual(1008);
    }
    expect(await call('vm.list', {})).toEqual([]);
  });

  test('asks for what a link in the page folder leads to gets nothing', async () => {
    const { ask, login, pageFolder } = await openWeb();
    const secret = path.join(temporaryFolder(), 'secret.json');
    writeFileSync(secret, '"secret"');
    symlinkSync(secret, path.join(pageFolder, 'link.json'));
    symlinkSync(path.dirname(secret), path.join(pageFolder, 'linked'));
    const headers = { cookie: await login() };
    for (const wanted of ['/link.json', '/linked/secret.json'])
      expect((await ask(wanted, { headers })).status).toBe(404);
  });
});

test('only addresses of this computer are loopback, and clients are told apart by what one user has', () => {
  const names = ['127.0.0.1', '127.8.8.8', 'localhost', '::1', '127.evil.example', '::ffff:127.0.0.1', '0.0.0.0'];
  expect(names.map(isLoopback)).toEqual([true, true, true, true, false, false, false]);
  expect(
    ['10.0.0.1', '::ffff:10.0.0.1', '2001:db8::1', '2001:db8:0:0:1::2', 'fe80::1%eth0', undefined].map(clientOf),
  ).toEqual(['10.0.0.1', '10.0.0.1', '2001:db8:0:0::/64', '2001:db8:0:0::/64', 'fe80:0:0:0::/64', '']);
});
