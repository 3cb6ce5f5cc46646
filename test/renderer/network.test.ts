// The pure parts of the network views: forms, links, names of files.

import { describe, expect, test } from 'vitest';
import type { NetworkView } from '../../preload/contract/contract.ts';
import * as format from '../../renderer/text/format.ts';
import {
  checkForward,
  forwardArgs,
  forwardForm,
  forwardLink,
  pastedForward,
} from '../../renderer/views/network/forward-form.ts';
import {
  captureFile,
  checkNetwork,
  deleteRefusal,
  emptyNetwork,
  freeSubnet,
  networkArgs,
} from '../../renderer/views/network/network-form.ts';
import { emptyForm, toArgs } from '../../renderer/views/vm/new-vm-form.ts';

const WEB = { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080, guestPort: 80 } as const;
const NAT: NetworkView = {
  name: 'nat',
  subnet: '10.77.0.0/24',
  gateway: '10.77.0.1',
  uplink: null,
  uplinkState: null,
  vms: [],
};

describe('the form for a port forward', () => {
  test('makes the command, the loopback where no address is given', () => {
    expect(forwardArgs({ ...forwardForm(WEB), hostAddress: ' ' })).toEqual(WEB);
    expect(checkForward(forwardForm(WEB))).toEqual({});
  });

  test.each([
    [{ hostPort: '' }, 'hostPort', 'A port is a number.'],
    [{ hostPort: '70000' }, 'hostPort', 'Ports are from 1 to 65535.'],
    [{ guestPort: '1.5' }, 'guestPort', 'A port is a whole number.'],
    [{ guestPort: 'http' }, 'guestPort', 'A port is a number.'],
  ] as const)("%j is told at its field, in the contract's words", (part, field, words) => {
    expect(checkForward({ ...forwardForm(WEB), ...part })[field]).toBe(words);
  });

  test('takes a whole forward that is pasted', () => {
    expect(pastedForward(' udp:[::1]:5353:53 ')).toEqual({
      protocol: 'udp',
      hostAddress: '::1',
      hostPort: '5353',
      guestPort: '53',
    });
    expect(pastedForward('tcp:8080:80')).toEqual(forwardForm(WEB));
    expect(pastedForward('0.0.0.0')).toBeNull();
  });
});

describe('the link to a web server behind a forward', () => {
  const local = { protocol: 'http:', hostname: '127.0.0.1' };
  const remote = { protocol: 'https:', hostname: 'lab-desk' };

  test('leads where the forward listens', () => {
    expect(forwardLink(WEB, local)).toBe('http://127.0.0.1:8080/');
    expect(forwardLink({ ...WEB, hostAddress: '::1', guestPort: 8080 }, local)).toBe('http://[::1]:8080/');
    expect(forwardLink({ ...WEB, hostAddress: '0.0.0.0' }, local)).toBe('http://127.0.0.1:8080/');
  });

  test('is only for web servers', () => {
    expect(forwardLink({ ...WEB, guestPort: 22 }, local)).toBeNull();
    expect(forwardLink({ ...WEB, protocol: 'udp' }, local)).toBeNull();
  });

  test('does not lead to the loopback of somebody else', () => {
    expect(forwardLink(WEB, remote)).toBeNull();
    expect(forwardLink({ ...WEB, hostAddress: '0.0.0.0' }, remote)).toBe('http://lab-desk:8080/');
  });
});

describe('the form for a network', () => {
  test('proposes a subnet that is free', () => {
    expect(freeSubnet([])).toBe('10.77.0.0/24');
    expect(emptyNetwork([NAT]).subnet).toBe('10.78.0.0/24');
  });

  test('makes a NAT or an uplink, never both', () => {
    const form = { name: ' lab ', kind: 'nat', subnet: '10.9.0.0/24', uplink: 'unix:/s' } as const;
    expect(networkArgs(form)).toEqual({ name: 'lab', subnet: '10.9.0.0/24' });
    expect(networkArgs({ ...form, kind: 'uplink' })).toEqual({ name: 'lab', uplink: 'unix:/s' });
    expect(checkNetwork(form, [NAT])).toEqual({});
  });

  test('says what is wrong', () => {
    const form = { name: 'NAT', kind: 'nat', subnet: '10.9', uplink: '' } as const;
    expect(checkNetwork(form, [NAT])).toMatchObject({
      name: expect.stringMatching(/already/),
      subnet: expect.stringMatching(/10\.78/),
    });
    expect(checkNetwork({ ...form, kind: 'uplink', name: '' }, [])).toMatchObject({
      name: expect.stringMatching(/letters, digits/),
      uplink: expect.stringMatching(/passt/),
    });
  });

  test('the network that is always there cannot be deleted, nor one that has VMs', () => {
    expect(deleteRefusal(NAT)).toMatch(/always there/);
    expect(deleteRefusal({ ...NAT, name: 'lab', vms: ['Web'] })).toMatch(/"Web" is on the network "lab"/);
    expect(deleteRefusal({ ...NAT, name: 'lab' })).toBeNull();
  });
});

test("a capture's file is named after VM and time, in the folder of the host's platform", () => {
  const at = new Date('2026-11-21T09:12:44.123Z');
  expect(captureFile('/data', 'Web 1', at)).toBe('/data/Web 1-2026-11-21T09-12-44.pcapng');
  expect(captureFile('C:\\data', 'Web', at)).toBe('C:\\data\\Web-2026-11-21T09-12-44.pcapng');
});

test('a new VM says of its card only what is not as usual', () => {
  const form = emptyForm([]);
  expect(toArgs(form)).not.toHaveProperty('network');
  expect(toArgs({ ...form, network: 'lab', nic: 'ne2k' })).toMatchObject({ network: 'lab', nic: 'ne2k' });
});

test('traffic is counted in thousands', () => {
  expect([940, 12_400, 3_100_000, 2e9, null].map(format.bytes)).toEqual(['940 B', '12.4 kB', '3.1 MB', '2 GB', '–']);
});
