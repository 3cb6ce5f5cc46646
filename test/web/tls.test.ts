// Beyond loopback: not without a certificate, and with one nothing goes in the clear.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { CommandError } from '../../preload/contract/contract.ts';
import { readTls } from '../../main/web/certificate.ts';
import { startWebServer } from '../../main/web/server.ts';
import { run } from '../cli/lockstep.ts';
import { openFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';
import { openWeb } from './browser.ts';

/** Made once; two files of text. */
const made = { cert: '', key: '', otherKey: '' };

beforeAll(() => {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const name = ['-subj', '/CN=vm.example', '-addext', 'subjectAltName=DNS:vm.example,DNS:*.lab.example'];
  const pem = execFileSync('openssl', ['req', '-x509', ...curve, ...name, '-days', '2', '-keyout', '-', '-out', '-'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  made.key = /-----BEGIN PRIVATE KEY[\s\S]*END PRIVATE KEY-----\n/.exec(pem)?.[0] ?? '';
  made.cert = /-----BEGIN CERTIFICATE[\s\S]*END CERTIFICATE-----\n/.exec(pem)?.[0] ?? '';
  made.otherKey = execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519'], { encoding: 'utf8' });
});

function files(cert = made.cert, key = made.key): { cert: string; key: string } {
  const folder = temporaryFolder();
  const [certFile, keyFile] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key, { mode: 0o600 });
  return { cert: certFile, key: keyFile };
}

function refusal(cert: string, key: string): string {
  try {
    readTls(cert, key);
  } catch (error) {
    expect(error).toBeInstanceOf(CommandError);
    return (error as Error).message;
  }
  return '';
}

describe('without a certificate', () => {
  test.each(['0.0.0.0', '::ffff:127.0.0.1'])(
    'the door does not open at %s, where others could reach it',
    async (host) => {
      const { fleet } = openFleet();
      await expect(startWebServer(fleet, { host, port: 0, pageFolder: '/' })).rejects.toThrow(
        `Other computers can reach ${host}, and without encryption they could take over what passes. Add --tls-cert`,
      );
    },
  );

  test('lockstep serve says so, and how to name a certificate', async () => {
    const data = path.join(temporaryFolder(), 'data');
    const [open, half, bad, port] = await Promise.all([
      run(['serve', '--listen', '0.0.0.0:0', '--data', data]),
      run(['serve', '--tls-cert', '/nowhere', '--data', data]),
      run(['serve', '--listen', '0.0.0.0', '--data', data]),
      run(['serve', '--listen', '127.0.0.1:1', '--port', '2', '--data', data]),
    ]);
    expect([open.status, open.stderr]).toEqual([1, expect.stringContaining('Add --tls-cert FILE --tls-key FILE')]);
    expect([half.status, half.stderr]).toEqual([2, expect.stringContaining('belong together')]);
    expect([bad.status, bad.stderr]).toEqual([2, expect.stringContaining('--listen takes ADDRESS:PORT')]);
    expect([port.status, port.stderr]).toEqual([2, expect.stringContaining('leave --host and --port out')]);
  });
});

describe('with a certificate', () => {
  test('everything is encrypted, and the cookie goes nowhere else', async () => {
    const { cert, key } = files();
    const { ask, server, socket, login, connect, origin } = await openWeb({ tls: readTls(cert, key) });
    expect(server.link()).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/\?token=/);
    const first = await ask(`/${new URL(server.link()).search}`);
    expect(first.headers['set-cookie']?.[0]).toMatch(
      /^__Host-lockstep-\d+=[0-9a-f]{64}; HttpOnly; SameSite=Strict; Path=\/; Secure$/,
    );
    const cookie = await login();
    const page = socket({ cookie });
    page.on('open', () => page.send(JSON.stringify({ kind: 'call', id: 1, command: 'vm.list' })));
    const [answer] = (await once(page, 'message')) as [Buffer];
    expect(JSON.parse(String(answer))).toMatchObject({ kind: 'result' });
    const wrong = socket({ cookie }, origin.replace('https', 'http'));
    expect(((await once(wrong, 'unexpected-response'))[1] as { statusCode: number }).statusCode).toBe(403);
    const plain = connect();
    plain.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    let heard = '';
    plain.on('data', (bytes) => (heard += String(bytes)));
    await once(plain, 'close');
    expect(heard).not.toContain('HTTP/1.1 200');
  });

  test('the names in it are ours, and no others; who does not finish the handshake is cut off', async () => {
    const { cert, key } = files();
    const web = await openWeb({ host: '0.0.0.0', tls: readTls(cert, key), patienceMs: 200 });
    expect(web.server.link()).toMatch(/^https:\/\/vm\.example:\d+\/\?token=/);
    const cookie = await web.login();
    const { port } = web.server;
    const named = `__Host-lockstep-${port}=${cookie.split('=')[1]}`;
    const statuses = await Promise.all(
      ['vm.example', 'a.lab.example', 'VM.example', '192.168.0.7', 'evil.example', 'vm.example.evil.example'].map(
        async (host) => (await web.ask('/', { headers: { cookie: named, host: `${host}:${port}` } })).status,
      ),
    );
    expect(statuses).toEqual([200, 200, 200, 200, 421, 421]);
    await once(web.connect(), 'close');
  });
});

describe('a certificate or key is refused, with what is wrong,', () => {
  test('when one is missing, no certificate, no key, or they do not belong together', () => {
    const { cert, key } = files();
    expect(refusal(`${cert}.gone`, key)).toMatch(/^The certificate .* cannot be used: ENOENT/);
    expect(refusal(key, key)).toMatch(/is no certificate in PEM\. Name another file\.$/);
    expect(refusal(cert, files(made.cert, 'x').key)).toMatch(/is no private key in PEM without a passphrase/);
    expect(refusal(cert, files(made.cert, made.otherKey).key)).toMatch(/does not belong to the certificate/);
    expect(refusal(cert, key)).toBe('');
  });

  test('when it is a pipe, a device or a folder, without waiting for it', () => {
    const { cert } = files();
    const pipe = path.join(temporaryFolder(), 'pipe');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    for (const file of [pipe, '/dev/zero', temporaryFolder()])
      expect(refusal(cert, file)).toMatch(/it is not a file\.$/);
  });

  test('when others may read the key', () => {
    const { cert, key } = files();
    chmodSync(key, 0o640);
    expect(refusal(cert, key)).toContain(`other users may read it: chmod 600 "${key}"`);
  });
});
