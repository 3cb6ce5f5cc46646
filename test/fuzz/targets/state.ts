/** The state of a machine: its description, the chunks it travels in, and a machine that is to take it on. */
import { crc32 } from 'node:zlib';
import { decodeContainer, encodeContainer } from '../../../main/machine/container.ts';
import { createMachine } from '../../../main/machine/emulated.ts';
import { SnapshotError } from '../../../main/machine/errors.ts';
import type { Machine } from '../../../main/machine/machine.ts';
import { readDescription } from '../../../main/machine/snapshot-description.ts';
import { DecodeError } from '../../../main/ft/bytes.ts';
import { decodeMessage } from '../../../main/ft/log.ts';
import { SnapshotReceiver } from '../../../main/replica/snapshot-transfer.ts';
import { testGuest } from '../../machine/guest.ts';
import { encode, guestRun, snapshotEntries } from '../honest.ts';
import { mendContainer, mendLog } from '../mend.ts';
import { nearly, strange } from '../random.ts';
import { refusable, type Target } from '../target.ts';

interface Json {
  readonly graph: { readonly nodes: readonly unknown[]; readonly roots: readonly unknown[]; readonly births: unknown };
}

/** The first nodes of the guest's description, few enough to be changed at every place, and all of it. */
async function descriptions(): Promise<Uint8Array[]> {
  const { description } = (await guestRun()).snapshot;
  const { json, sections, pagesChecksum } = decodeContainer(description);
  const { graph } = json as Json;
  const few = { ...graph, nodes: graph.nodes.slice(0, 40) };
  const short = sections.map((section) => section.subarray(0, 300));
  return [
    encodeContainer({ json: { ...(json as object), graph: few }, sections: short.slice(0, 20), pagesChecksum }),
    description,
  ];
}

export const snapshot: Target = {
  name: 'snapshot',
  about: "a snapshot's description: container, text, graph",
  samples: async () => (await descriptions()).slice(0, 1),
  mend: mendContainer,
  draw(samples, random) {
    const [sample = new Uint8Array()] = samples;
    const { json, sections, pagesChecksum } = decodeContainer(sample);
    return encodeContainer({ json: strange(json, random), sections, pagesChecksum });
  },
  allocation: { fixed: 16 << 20, factor: 100 },
  open: async () => ({
    run: (bytes) => refusable(() => readDescription(decodeContainer(bytes).json), SnapshotError),
  }),
};

export const container: Target = {
  name: 'container',
  about: "the file format of a snapshot's description",
  samples: descriptions,
  mend: mendContainer,
  allocation: { fixed: 16 << 20, factor: 100 },
  open: async () => ({
    run: (bytes) => refusable(() => readDescription(decodeContainer(bytes).json), SnapshotError),
  }),
};

/** A target is unusable after a snapshot that fitted half way; then the next is built. */
export const restore: Target = {
  name: 'restore',
  about: 'a real machine that is to take on a changed snapshot under right checksums',
  samples: async () => (await descriptions()).slice(1),
  mend: mendContainer,
  draw(samples, random) {
    const [sample = new Uint8Array()] = samples;
    const { json, sections, pagesChecksum } = decodeContainer(sample);
    const change = random.below(8) === 0 ? strange : nearly;
    let changedJson = change(json, random);
    for (let times = random.below(6); times > 0; times -= 1) changedJson = nearly(changedJson, random);
    return encodeContainer({ json: changedJson, sections, pagesChecksum });
  },
  allocation: { fixed: 64 << 20, factor: 100 },
  async open() {
    const { pages } = (await guestRun()).snapshot;
    let machine: Machine | null = null;
    return {
      async run(bytes) {
        machine ??= await createMachine(testGuest());
        const target = machine;
        const accepted = refusable(() => target.restore({ description: bytes, pages }), SnapshotError);
        // What was accepted, or refused half way, may have left anything.
        try {
          target.execute({ advanceUs: 20, rate: 3072, slices: 1, inputs: [] });
        } catch {
          machine = null;
        }
        if (accepted) machine = null;
        return accepted;
      },
    };
  },
};

export const chunks: Target = {
  name: 'chunks',
  about: 'the chunks of a snapshot: announced, compressed, put together',
  async samples() {
    const { snapshotEntries: whole } = await guestRun();
    const small = await snapshotEntries({ description: new Uint8Array(300).fill(7), pages: new Uint8Array(9000) }, 5);
    return [encode(small), encode(whole.slice(0, 2)), encode(small.toReversed())];
  },
  mend: mendLog,
  // A chunk of zeros is a few bytes.
  allocation: { fixed: 16 << 20, factor: 2048 },
  open: async () => ({
    async run(bytes) {
      let complete = false;
      let failed = false;
      const receiver = new SnapshotReceiver(
        () => (complete = true),
        () => (failed = true),
      );
      const decoded = refusable(() => {
        for (const entry of decodeMessage(bytes, crc32)) {
          if (entry.kind === 'snapshot' || entry.kind === 'chunk') receiver.receive(entry);
        }
      }, DecodeError);
      await receiver.settled;
      return decoded && complete && !failed;
    },
  }),
};
