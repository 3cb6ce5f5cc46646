/** The web door of a real fleet, and a client that says exactly what a test wants. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { startWebServer, type WebOptions, type WebServer } from '../../main/web/server.ts';
import { openFleet, type TestFleet } from '../support/fleet.ts';
import { temporaryFolder } from '../support/folder.ts';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string;
}

export interface Web extends TestFleet {
  readonly server: WebServer;
  readonly pageFolder: string;
  /** The page's own. */
  readonly origin: string;
  ask(path: string, asking?: Asking): Promise<Answer>;
  /** The cookie of a browser that opened a new link. */
  login(): Promise<string>;
  socket(headers: http.OutgoingHttpHeaders, origin?: string): WebSocket;
  /** A connection on which nothing was said yet. */
  connect(): net.Socket;
  /** Events of this kind, as their messages. */
  events(kind: string): string[];
}

export async function openWeb(options: Partial<WebOptions> = {}): Promise<Web> {
  const fleet = openFleet();
  const pageFolder = path.join(temporaryFolder(), 'page');
  mkdirSync(pageFolder);
  writeFileSync(path.join(pageFolder, 'index.html'), '<title>Lockstep</title>');
  const server = await startWebServer(fleet.fleet, { host: '127.0.0.1', port: 0, pageFolder, ...options });
  onTestFinished(() => server.close());
  const { port } = server;
  const secure = Boolean(options.tls);
  const origin = `${secure ? 'https' : 'http'}://127.0.0.1:${port}`;
  const ask: Web['ask'] = async (wanted, { method = 'GET', headers = {}, body } = {}) => {
    const how = { host: '127.0.0.1', port, path: wanted, headers, method, agent: false, rejectUnauthorized: false };
    const request = secure ? https.request(how) : http.request(how);
    request.end(body);
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    let text = '';
    for await (const part of response) text += String(part);
    return { status: response.statusCode ?? 0, headers: response.headers, body: text };
  };
  const login = async (): Promise<string> => {
    const { headers } = await ask(`/${new URL(server.link()).search}`);
    return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  };
  const socket: Web['socket'] = (headers, from = origin) => {
    const url = `${origin.replace('http', 'ws')}/socket`;
    const opened = new WebSocket(url, { headers, origin: from, rejectUnauthorized: false });
    opened.on('error', () => {});
    onTestFinished(() => opened.terminate());
    return opened;
  };
  const connect = (): net.Socket => {
    const connection = net.connect(port, '127.0.0.1');
    connection.on('error', () => {});
    onTestFinished(() => void connection.destroy());
    return connection;
  };
  const events = (kind: string): string[] =>
    fleet.fleet.events.list({ kind, limit: 1000 }).map(({ message }) => message);
  return { ...fleet, server, pageFolder, origin, ask, login, socket, connect, events };
}
