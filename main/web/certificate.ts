/**
 * The certificate and key with which the web door is encrypted.
 *
 * Invariant: what comes out of here a TLS server can use: the two belong together, and the certificate is in force.
 */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { CommandError } from '../../preload/contract/contract.ts';

export interface Tls {
  /** In PEM: the certificate, then those that vouch for it. */
  readonly cert: string;
  readonly key: string;
  readonly certificate: X509Certificate;
}

const BYTES_MAX = 1 << 20;
const OTHERS = 0o077;

/** @throws {CommandError} `refused`, naming the file, what is wrong with it, and what to do. */
export function readTls(certFile: string, keyFile: string): Tls {
  const cert = read('certificate', certFile, false);
  const key = read('key', keyFile, true);
  const certificate = parsed(certFile, () => new X509Certificate(cert), 'is no certificate in PEM');
  const own: KeyObject = parsed(keyFile, () => createPrivateKey(key), 'is no private key in PEM without a passphrase');
  if (!certificate.checkPrivateKey(own)) {
    throw new CommandError('refused', `The key "${keyFile}" does not belong to the certificate "${certFile}".`);
  }
  if (certificate.validToDate.getTime() < Date.now()) {
    throw new CommandError('refused', `The certificate "${certFile}" expired on ${certificate.validTo}. Renew it.`);
  }
  return { cert, key, certificate };
}

/** The first name in the certificate that is one host's; null where it has none. */
export function nameIn({ certificate }: Tls): string | null {
  const names = (certificate.subjectAltName ?? '').split(', ');
  const found = names.find((name) => name.startsWith('DNS:') && !name.includes('*'));
  return found?.slice('DNS:'.length) ?? null;
}

function parsed<T>(file: string, parse: () => T, wrong: string): T {
  try {
    return parse();
  } catch {
    throw new CommandError('refused', `"${file}" ${wrong}. Name another file.`);
  }
}

function read(what: string, file: string, secret: boolean): string {
  let descriptor: number | null = null;
  try {
    // Looked at before it is opened: opening a device can do something, and opening a pipe waits for its writer.
    if (!statSync(file).isFile()) throw new Error('it is not a file');
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const { size, mode } = fstatSync(descriptor);
    if (size > BYTES_MAX) throw new Error(`it has ${size} bytes`);
    if (secret && process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      throw new Error(`other users may read it: chmod 600 "${file}"`);
    }
    return readFileSync(descriptor, 'utf8');
  } catch (error) {
    throw new CommandError('refused', `The ${what} "${file}" cannot be used: ${(error as Error).message}.`);
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}
