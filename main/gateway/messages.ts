/**
 * What the fleet and the gateway say to each other. Plain data that both `child_process` and Electron can clone.
 *
 * Invariant: the gateway does nothing of its own accord and keeps nothing on disk: when it was restarted, the fleet
 * says everything again. Every request is answered once, by its number.
 */
import type { Forward } from './forwards.ts';
import type { ConnectionCounts } from './transport-layer.ts';
import type { UplinkAddress } from './uplink.ts';

export type { Forward, UplinkAddress };

export interface NetworkSpec {
  readonly name: string;
  readonly mode:
    | {
        readonly kind: 'nat';
        /** Like 10.77.0.0/24. The first address is the gateway's: router, DNS, NTP, and the host's loopback. */
        readonly subnet: string;
        /** VMs are found as `name`, `name.domain` and `name.local`. */
        readonly domain: string;
        /** The longest IP packet, in bytes. */
        readonly mtu: number;
        /** Whether guests reach the host's loopback by the gateway's address. */
        readonly hostLoopback: boolean;
      }
    /** Somebody else is the router: the socket speaks QEMU's stream framing. */
    | { readonly kind: 'uplink'; readonly address: UplinkAddress };
}

export const DEFAULT_NETWORK: NetworkSpec = {
  name: 'default',
  mode: { kind: 'nat', subnet: '10.77.0.0/24', domain: 'lockstep.internal', mtu: 1500, hostLoopback: true },
};

export interface AttachedVm {
  readonly id: string;
  readonly name: string;
  /** Like 02:00:00:12:34:56. */
  readonly mac: string;
  /** Like 10.77.0.10; null on a network with an uplink. */
  readonly address: string | null;
}

/** The name of a link between a replica of this VM and the gateway; `transport/frames.ts` says what passes over it. */
export type GatewayLinkName = `nic:${string}`;

export type GatewayRequest =
  /** These networks and no others. One that VMs are on neither changes nor goes. */
  | { readonly type: 'configure'; readonly networks: readonly NetworkSpec[] }
  /** The VM is powered on: before its replicas are linked. Its positions begin anew, and links of before are closed. */
  | { readonly type: 'attach'; readonly vm: AttachedVm; readonly network: string }
  /** The VM is off. */
  | { readonly type: 'detach'; readonly vm: string }
  | { readonly type: 'addForward'; readonly network: string; readonly forward: Forward }
  | { readonly type: 'removeForward'; readonly network: string; readonly id: string }
  /** The file must not exist. */
  | { readonly type: 'startCapture'; readonly vm: string; readonly file: string }
  | { readonly type: 'stopCapture'; readonly vm: string };

/** `request` is the number by which the answer is known. */
export type ToGateway = GatewayRequest & { readonly request: number };

export interface VmReport {
  readonly vm: string;
  readonly network: string;
  /** The address by which the guest has called itself in ARP; null before it did. */
  readonly address: string | null;
  /** It took its address by DHCP. */
  readonly leased: boolean;
  /** Replicas that are linked, and the generation of the newest that went live. */
  readonly replicas: number;
  readonly generation: number;
  /** To the guest. Counted since the VM was attached, like all here. */
  readonly framesIn: number;
  readonly bytesIn: number;
  /** From the guest. */
  readonly framesOut: number;
  readonly bytesOut: number;
  /** Frames to the guest for which there was no room. */
  readonly dropped: number;
  /** Frames that another replica had sent before. */
  readonly repeated: number;
  /** Frames of the guest that were none, or came from an address that is not its own. */
  readonly malformed: number;
  readonly spoofed: number;
  readonly tcp: ConnectionCounts;
  readonly udp: ConnectionCounts;
  readonly capture: { readonly file: string; readonly frames: number; readonly dropped: number } | null;
}

export interface NetworkReport {
  readonly network: string;
  /** Null where the gateway itself is the way out. */
  readonly uplink: 'connected' | 'lost' | null;
  readonly malformed: number;
  readonly spoofed: number;
  readonly undelivered: number;
  readonly dropped: number;
}

export interface ForwardReport {
  readonly network: string;
  readonly id: string;
  /** How often somebody came while the VM was off. */
  readonly refused: number;
}

export type GatewayEvent =
  | { readonly kind: 'uplinkConnected'; readonly network: string }
  | { readonly kind: 'uplinkLost'; readonly network: string; readonly why: string }
  /** Somebody came for a VM that is off; said once until it was on again. */
  | { readonly kind: 'forwardRefused'; readonly network: string; readonly forward: Forward }
  /** A guest has as many TCP connections as it may; more are refused. */
  | { readonly kind: 'tcpLimited'; readonly guest: string; readonly connections: number }
  | { readonly kind: 'wentLive'; readonly vm: string; readonly generation: number }
  /** A capture ended before it was stopped. */
  | { readonly kind: 'captureFailed'; readonly vm: string; readonly why: string }
  /** A replica's link was closed because of what came over it, or because nobody knows its VM. */
  | { readonly kind: 'linkRefused'; readonly vm: string; readonly why: string };

export type FromGateway =
  | { readonly type: 'ready' }
  /** `error` names what is wrong and what to do; null when it was done. */
  | { readonly type: 'answer'; readonly request: number; readonly error: string | null }
  | { readonly type: 'event'; readonly event: GatewayEvent }
  /** About once a second while there is anything to report. */
  | {
      readonly type: 'report';
      readonly vms: readonly VmReport[];
      readonly networks: readonly NetworkReport[];
      readonly forwards: readonly ForwardReport[];
    }
  /** The process ends. */
  | { readonly type: 'failed'; readonly message: string };
