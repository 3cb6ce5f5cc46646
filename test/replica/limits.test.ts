// Limits that two rooms have, which may not know each other: how they go together.

import { expect, test } from 'vitest';
import { ENTRY_BYTES_MAX } from '../../main/ft/constants.ts';
import { HEADER_BYTES } from '../../main/ft/log.ts';
import { FORWARDS_MAX } from '../../main/gateway/forwards.ts';
import { NETWORKS_MAX } from '../../main/gateway/gateway.ts';
import { MESSAGE_BYTES_MAX } from '../../main/transport/transport.ts';
import * as contract from '../../preload/contract/network.ts';

test('a link carries the largest log entry', () => {
  expect(MESSAGE_BYTES_MAX).toBeGreaterThanOrEqual(HEADER_BYTES + ENTRY_BYTES_MAX);
});

test('the gateway takes as many networks, and a network as many forwards, as a user may have', () => {
  expect(NETWORKS_MAX).toBeGreaterThanOrEqual(contract.NETWORKS_MAX);
  // All of them may be on one network.
  expect(FORWARDS_MAX).toBeGreaterThanOrEqual(contract.FORWARDS_MAX);
});
